"""Reads OpenMetrics from standard input by the strict parser, and prints the samples of the generated families."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

# As bytes: a carriage return in a label is part of it.
for family in text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8")):
    for sample in family.samples:
        if "family_" in sample.name:
            print(json.dumps({
                "name": sample.name,
                "labels": sample.labels,
                "value": repr(float(sample.value)),
                "exemplar": sample.exemplar is not None,
            }))
