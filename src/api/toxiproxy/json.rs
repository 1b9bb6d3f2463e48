//! Bodies as Go's decoder reads them: the first value of them, members in whatever case, and `null` for what is absent.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::{Deserializer, Value};

use crate::api::answer::Refusal;

/// The members of an object, their names in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(BTreeMap<String, Value>);

/// Reads an object.
pub(super) fn object(body: &Bytes) -> Result<Members, Refusal> {
    Members::of(first(body)?)
}

/// Reads an array of objects.
pub(super) fn array(body: &Bytes) -> Result<Vec<Members>, Refusal> {
    match first(body)? {
        Value::Null => Ok(Vec::new()),
        Value::Array(values) => values.into_iter().map(Members::of).collect(),
        other => Err(unfit("an array", &other)),
    }
}

/// The first value of a body, whatever follows it.
fn first(body: &Bytes) -> Result<Value, Refusal> {
    match Deserializer::from_slice(body).into_iter().next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(bad(&error.to_string())),
        None => Err(bad("EOF")),
    }
}

/// What toxiproxy begins such an error with; clients rely on no more of it.
pub(super) fn bad(why: &str) -> Refusal {
    Refusal::bad(format!("bad request body: {why}"))
}

fn unfit(wanted: &str, value: &Value) -> Refusal {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) => return bad(&format!("{number} where {wanted} is expected")),
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    bad(&format!("{found} where {wanted} is expected"))
}

// === impl Members ===

impl Members {
    fn of(value: Value) -> Result<Self, Refusal> {
        let members = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            other => return Err(unfit("an object", &other)),
        };
        let given = members.into_iter().filter(|(_, value)| !value.is_null());
        let lower = given.map(|(name, value)| (name.to_lowercase(), value));
        Ok(Self(lower.collect()))
    }

    /// A text; `None` where it is absent.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.get(name, "a string", |value| value.as_str().map(str::to_owned))
    }

    /// A text that is not empty.
    pub(super) fn required(&self, name: &str) -> Result<String, Refusal> {
        let given = self.text(name)?.filter(|text| !text.is_empty());
        given.ok_or_else(|| Refusal::bad(format!("missing required field: {name}")))
    }

    pub(super) fn switch(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name, "a bool", Value::as_bool)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f32>, Refusal> {
        #[expect(clippy::cast_possible_truncation, reason = "toxiproxy keeps 32 bits")]
        let read = |value: &Value| value.as_f64().map(|number| number as f32);
        self.get(name, "a number", read)
    }

    /// A whole number of 64 bits, written without a point.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name, "an integer", Value::as_i64)
    }

    pub(super) fn members(&self, name: &str) -> Result<Self, Refusal> {
        let given = self.0.get(name).cloned();
        given.map_or_else(|| Ok(Self::default()), Self::of)
    }

    /// An array of objects; empty where it is absent.
    pub(super) fn array(&self, name: &str) -> Result<Vec<Self>, Refusal> {
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values.iter().cloned().map(Self::of).collect(),
            Some(other) => Err(unfit("an array", other)),
        }
    }

    fn get<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let value = read(value).ok_or_else(|| {
            let refused = unfit(wanted, value);
            Refusal::bad(format!("{} as {name}", refused.error))
        });
        value.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &'static str) -> Result<Members, Refusal> {
        object(&Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn members_are_read_in_any_case_and_null_is_absent() {
        let members = read(r#"{"Name":"a","ENABLED":false,"listen":null,"junk":[1]} behind"#);
        let members = members.expect("an object");
        assert_eq!(members.text("name"), Ok(Some("a".to_owned())));
        assert_eq!(members.switch("enabled"), Ok(Some(false)));
        assert_eq!(members.text("listen"), Ok(None));
        assert_eq!(read("null").expect("no members").text("name"), Ok(None));
        assert_eq!(
            read(r#"{"a":"x","a":"y"}"#).expect("an object").text("a"),
            Ok(Some("y".to_owned()))
        );
    }

    #[test]
    fn what_does_not_fit_is_a_bad_body() {
        for body in ["", "{", "[1]", "\"a\"", "5", "{\"a\":}"] {
            let refused = read(body).expect_err(body);
            assert!(
                refused.error.starts_with("bad request body: "),
                "{}",
                refused.error
            );
        }
        for number in ["1.5", "100.0", "1e2", "9223372036854775808", "\"1\""] {
            let body = Bytes::from(format!("{{\"a\":{number}}}"));
            let members = object(&body).expect("an object");
            assert!(members.integer("a").is_err(), "{number}");
        }
        assert!(array(&Bytes::from_static(b"{}")).is_err());
        assert!(array(&Bytes::from_static(b"[5]")).is_err());
    }
}
