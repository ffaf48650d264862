"""Reads OpenMetrics from standard input by the strict parser, and prints the families and exemplars it saw."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    print("family", family.name, family.type)
    for sample in family.samples:
        if sample.exemplar:
            print("exemplar", sample.name, sample.exemplar.labels.get("trace_id", ""))
