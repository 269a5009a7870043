//! Forms of fields that several kinds have.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// Rules that the API server checks, each with the sentence that it answers with.
pub(crate) fn rules(rules: &[(&str, &str)]) -> Vec<Value> {
    rules.iter().map(|(rule, message)| json!({"rule": rule, "message": message})).collect()
}

/// One rule.
pub(crate) fn rule(rule: &str, message: &str) -> Vec<Value> {
    rules(&[(rule, message)])
}

/// What an image has to look like.
pub(crate) fn image_rule() -> Vec<Value> {
    rule(
        "self.matches('^[^@ ]+@sha256:[0-9a-f]{64}$')",
        "The image needs its digest, as in registry.example/acme/shop:1.4.2@sha256:..., because a tag may come to mean another image.",
    )
}

/// An amount as Kubernetes writes it, as in `250m` or `1Gi`.
pub(crate) fn quantity(_: &mut SchemaGenerator) -> Schema {
    number_or_text(rule(
        "type(self) == int ? self >= 0 : isQuantity(self) && quantity(self).compareTo(quantity('0')) >= 0",
        "Write an amount as in 250m, 256Mi or 1Gi; it can't be below 0.",
    ))
}

/// Amounts by resource.
pub(crate) fn quantities(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "maxProperties": 20, "additionalProperties": quantity(generator)})
}

/// A number or a percentage.
pub(crate) fn int_or_string(_: &mut SchemaGenerator) -> Schema {
    number_or_text(rule(
        "type(self) == int ? self >= 0 : self.matches('^(100|[0-9]{1,2})%$')",
        "Write a number of pods, as in 1, or a percentage of them, as in 25%.",
    ))
}

fn number_or_text(rules: Vec<Value>) -> Schema {
    json_schema!({
        "x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}], "maxLength": 40,
        "x-kubernetes-validations": rules,
    })
}

/// A mapping whose content is nobody's affair here.
pub(crate) fn any_mapping(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// Mappings whose content is Kubernetes' affair.
pub(crate) fn any_mappings(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "maxItems": 32, "items": any_mapping(generator)})
}

/// Names with texts: labels, annotations, selectors.
pub(crate) fn texts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "maxProperties": 64, "additionalProperties": {"type": "string", "maxLength": 4096}})
}

/// The conditions of a status: one a type.
pub(crate) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let one = generator.subschema_for::<crate::Condition>();
    json_schema!({
        "type": "array", "maxItems": 16, "items": one,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
    })
}
