//! The comparison checked against the cases: what is expected fits itself, and what is changed is
//! noticed.

use crate::case::{Case, Element};
use crate::compare;
use crate::encode::{Bindings, is_placeholder, request};
use crate::support::ttlv::{Node, Value};

/// A response expected, as items, with a value of our own for every placeholder.
fn answer(case: &Case, response: &Element, bindings: &Bindings) -> Result<Node, String> {
    let mut scratch = Bindings::new(bindings.now);
    for element in response.all().into_iter().filter(|element| is_placeholder(&element.value)) {
        // What the client made up comes back as it was.
        let made_up = bindings.get(&element.value).filter(|_| element.value.contains("_RANDOM_"));
        let value = match element.kind.as_str() {
            _ if made_up.is_some() => made_up.cloned().unwrap(),
            "TextString" => Value::Text(format!("{} {}", case.name, element.value)),
            _ => Value::Bytes(element.value.clone().into_bytes()),
        };
        scratch.bind(&element.value, &value);
    }
    request(response, &mut scratch)
}

/// Plays a case against itself; `spoil` may change an answer. The differences.
fn play(case: &Case, mut spoil: impl FnMut(usize, &mut Node)) -> Result<Vec<String>, String> {
    let mut bindings = Bindings::new(1_800_000_000);
    let mut differences = Vec::new();
    for (number, step) in case.steps.iter().enumerate() {
        if step.from_server {
            let mut sent = request(&step.request, &mut bindings.clone())?;
            spoil(number, &mut sent);
            differences.extend(compare::request(&step.request, &sent, &mut bindings));
            continue;
        }
        request(&step.request, &mut bindings)?;
        let mut answer = answer(case, &step.response, &bindings)?;
        spoil(number, &mut answer);
        let found = compare::response(&step.response, &answer, &step.request, &mut bindings);
        differences.extend(found);
    }
    Ok(differences)
}

#[test]
fn every_expected_answer_fits_itself() {
    for case in crate::required_cases() {
        assert_eq!(play(&case, |_, _| {}), Ok(Vec::new()), "{}", case.name);
    }
}

#[test]
fn an_answer_less_its_last_item_is_noticed() {
    for case in crate::required_cases() {
        let last = case.steps.len() - 1;
        let spoilt = play(&case, |number, answer| {
            if let (true, Value::Structure(children)) = (number == last, &mut answer.value) {
                children.pop();
            }
        });
        assert!(spoilt.as_ref().is_ok_and(|found| !found.is_empty()), "{}: {spoilt:?}", case.name);
    }
}

#[test]
fn another_result_is_noticed() {
    // What the server asks has no result.
    let asks = |case: &Case| case.steps.iter().any(|step| !step.from_server);
    for case in crate::required_cases().into_iter().filter(asks) {
        let spoilt = play(&case, |_, answer| change_status(answer));
        assert!(spoilt.as_ref().is_ok_and(|found| !found.is_empty()), "{}: {spoilt:?}", case.name);
    }
}

fn change_status(node: &mut Node) {
    match &mut node.value {
        Value::Structure(children) => children.iter_mut().for_each(change_status),
        Value::Enumeration(status) if node.tag == kmip_ttlv::Tag::ResultStatus => *status ^= 1,
        _ => {}
    }
}
