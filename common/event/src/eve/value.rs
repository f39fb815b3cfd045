//! Values of EVE lines that JSON has no type for.

use crate::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// An instant in RFC 3339 with microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        // Certificates' dates in Suricata's lines carry no zone; they are UTC.
        Timestamp::parse(&text)
            .or_else(|_| Timestamp::parse(&format!("{text}Z")))
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

/// A number of JSON: whole values are written without a fraction. What other tools put in its place
/// (lists, texts) is read as NaN, and left out when the line becomes an event.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema)]
#[schemars(transparent)]
pub struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(value.as_f64().unwrap_or(f64::NAN)))
    }
}

/// A function code. Other tools write it in words (`userdata 4/1`): then the first number in the text stands, else 0.
pub(super) fn function_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(match &value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => {
            let mut runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
            Some(runs.next().and_then(|run| run.parse().ok()).unwrap_or(0))
        }
        other => Some(other.as_u64().and_then(|code| u32::try_from(code).ok()).unwrap_or(0)),
    })
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 9e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}
