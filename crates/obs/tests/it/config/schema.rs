//! The schema that editors use.

use serde_json::Value;

const WRITTEN: &str = include_str!("../../../../../docs/obs.schema.json");

#[test]
fn the_schema_in_the_docs_is_that_of_the_code() {
    assert!(obs::config::schema() == WRITTEN, "`cargo xtask schema` writes it anew");
}

#[test]
fn the_schema_knows_every_section_and_nothing_else() {
    let schema: Value = serde_json::from_str(WRITTEN).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
    let sections: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        sections,
        [
            "admin",
            "drain",
            "flush",
            "health",
            "journal",
            "links",
            "logs",
            "metrics",
            "metrics_file",
            "redaction",
            "service",
            "traces"
        ]
    );
    let level = &schema["properties"]["logs"]["properties"]["level"];
    let said = level["description"].as_str().unwrap();
    assert!(said.contains("Default: `info`.") && said.contains("`OBS_LOG`"), "{said}");
    let rotate = &schema["properties"]["logs"]["properties"]["file"]["properties"]["rotate"];
    assert_eq!(rotate["anyOf"][0]["enum"], serde_json::json!(["never", "hourly", "daily"]));
    let declared = &schema["properties"]["metrics"]["anyOf"];
    let as_list = &declared[0]["items"]["properties"]["type"]["enum"];
    assert_eq!(*as_list, serde_json::json!(["counter", "gauge", "histogram"]));
    assert_eq!(declared[0], {
        let mut section = declared[1]["properties"]["declare"].clone();
        section.as_object_mut().unwrap().remove("description");
        section
    });
    let off = &schema["properties"]["admin"]["anyOf"][0]["const"];
    assert_eq!(off, "off");
}
