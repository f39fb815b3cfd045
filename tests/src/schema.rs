//! A validator for the part of JSON Schema that the product's own schema uses.
//!
//! Enough to hold every line of the tests against `docs/eve.schema.json`: types, properties, closed objects, references, choices
//! and items. A keyword it does not know is an error, so that the schema cannot outgrow it unnoticed.

use serde_json::Value;

/// Checks a value against a schema; the error names the place.
///
/// # Errors
/// Where and why the value does not fit, or which keyword is not known.
pub fn validate(root: &Value, value: &Value) -> Result<(), String> {
    check(root, root, value, "$")
}

const IGNORED: &[&str] = &["$schema", "$defs", "title", "description", "default", "format", "examples"];

fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else {
        return if schema == &Value::Bool(true) { Ok(()) } else { Err(format!("{at}: nothing is allowed here")) };
    };
    for (keyword, argument) in keywords {
        match keyword.as_str() {
            "$ref" => check(root, reference(root, argument)?, value, at)?,
            "type" => of_type(argument, value, at)?,
            "properties" => properties(root, argument, value, at)?,
            "required" => required(argument, value, at)?,
            "additionalProperties" => additional(root, keywords, argument, value, at)?,
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, argument, item, &format!("{at}[{index}]"))?;
                }
            }
            "anyOf" | "oneOf" => {
                let choices = argument.as_array().map(Vec::as_slice).unwrap_or_default();
                if !choices.iter().any(|choice| check(root, choice, value, at).is_ok()) {
                    return Err(format!("{at}: fits none of the choices"));
                }
            }
            "minimum" | "maximum" => bound(keyword, argument, value, at)?,
            "minItems" | "maxItems" => {
                let (count, limit) = (value.as_array().map_or(0, Vec::len) as u64, argument.as_u64().unwrap_or(0));
                if value.is_array()
                    && ((keyword == "minItems" && count < limit) || (keyword == "maxItems" && count > limit))
                {
                    return Err(format!("{at}: {count} items, {keyword} is {limit}"));
                }
            }
            "enum" | "const" => {
                let allowed = argument.as_array().map_or_else(|| argument == value, |all| all.contains(value));
                if !allowed {
                    return Err(format!("{at}: {value} is not among {argument}"));
                }
            }
            other if IGNORED.contains(&other) => {}
            other => return Err(format!("schema keyword {other} is not known to the validator")),
        }
    }
    Ok(())
}

fn reference<'a>(root: &'a Value, argument: &Value) -> Result<&'a Value, String> {
    let path = argument.as_str().and_then(|text| text.strip_prefix('#')).ok_or("only local references are known")?;
    root.pointer(path).ok_or_else(|| format!("no definition {path}"))
}

fn of_type(argument: &Value, value: &Value, at: &str) -> Result<(), String> {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    };
    let fits = match argument {
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        name => name.as_str().is_some_and(is),
    };
    if fits { Ok(()) } else { Err(format!("{at}: {value} is not of type {argument}")) }
}

fn properties(root: &Value, argument: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    for (name, inner) in object {
        if let Some(schema) = argument.get(name) {
            check(root, schema, inner, &format!("{at}.{name}"))?;
        }
    }
    Ok(())
}

fn required(argument: &Value, value: &Value, at: &str) -> Result<(), String> {
    let missing =
        argument.as_array().into_iter().flatten().filter_map(Value::as_str).find(|name| value.get(name).is_none());
    missing.map_or(Ok(()), |name| Err(format!("{at}: {name} is missing")))
}

fn additional(
    root: &Value,
    keywords: &serde_json::Map<String, Value>,
    argument: &Value,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    let known = keywords.get("properties");
    for (name, inner) in object.iter().filter(|(name, _)| known.and_then(|known| known.get(name.as_str())).is_none()) {
        match argument {
            Value::Bool(false) => return Err(format!("{at}: field {name} is not in the schema")),
            schema => check(root, schema, inner, &format!("{at}.{name}"))?,
        }
    }
    Ok(())
}

fn bound(keyword: &str, argument: &Value, value: &Value, at: &str) -> Result<(), String> {
    let (Some(limit), Some(number)) = (argument.as_f64(), value.as_f64()) else { return Ok(()) };
    let fits = if keyword == "minimum" { number >= limit } else { number <= limit };
    if fits { Ok(()) } else { Err(format!("{at}: {number} passes the {keyword} {limit}")) }
}
