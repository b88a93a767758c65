//! A case file: requests and the responses expected, as XML elements.

use std::path::Path;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

const REQUEST: &str = "RequestMessage";
const RESPONSE: &str = "ResponseMessage";

/// An XML element of a case: a TTLV item, its value still in words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// The item type; empty for a structure.
    pub(crate) kind: String,
    /// The value with every run of blanks made one blank (the files wrap lines inside values).
    pub(crate) value: String,
    pub(crate) children: Vec<Element>,
}

/// One request, and the response that a server must give.
#[derive(Debug)]
pub(crate) struct Step {
    /// Which of the case's clients asks.
    pub(crate) client: String,
    /// The request is sent again until the response fits.
    pub(crate) repeats: bool,
    /// It is the server that asks.
    pub(crate) from_server: bool,
    pub(crate) request: Element,
    pub(crate) response: Element,
}

/// A case.
#[derive(Debug)]
pub(crate) struct Case {
    /// The file's name without the ending, under its version: `v1.0/SKLC-M-2-10`.
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

impl Element {
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// This element and all below it.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let below = self.children.iter().flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }

    /// The value of a child, empty if there is none.
    pub(crate) fn value_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| &child.value)
    }
}

impl Step {
    /// The items of the request beside the items expected.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&Element, &Element)> {
        self.request.children_named("BatchItem").zip(self.response.children_named("BatchItem"))
    }
}

impl Case {
    /// Whether the server sends requests in this case without being asked for them (KMIP 2.1 §6.1.54).
    pub(crate) fn hears_server(&self) -> bool {
        let asks = |step: &Step| has_operation(&step.request, &["SetEndpointRole"]);
        self.steps.iter().any(|step| step.from_server) && !self.steps.iter().any(asks)
    }

    /// How long every lease in this case lasts, in seconds, if all last as long.
    pub(crate) fn lease(&self) -> Option<&str> {
        let leases = self.leases();
        leases.iter().all(|lease| Some(lease) == leases.first()).then_some(leases.first()?)
    }

    /// How long the leases that are obtained in this case last, in seconds.
    pub(crate) fn leases(&self) -> Vec<&str> {
        let mut leases = Vec::new();
        for (request, response) in self.steps.iter().flat_map(Step::items) {
            if request.value_of("Operation") == "ObtainLease" {
                let payload = response.child("ResponsePayload");
                let lease = payload.and_then(|payload| payload.child("LeaseTime"));
                leases.extend(lease.map(|lease| lease.value.as_str()));
            }
        }
        leases
    }

    pub(crate) fn read(path: &Path, name: String) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let (mut requests, responses): (Vec<_>, Vec<_>) =
            messages(&text)?.into_iter().partition(|(_, message)| message.name == REQUEST);
        if requests.is_empty() || requests.len() != responses.len() {
            return Err(format!("{} requests, {} responses", requests.len(), responses.len()));
        }
        // Where two requests stand before their answers, those tell which was carried out first.
        for number in 1..requests.len() {
            let asked = [&requests[number - 1].1, &requests[number].1].map(operations);
            let [first, second] = [&responses[number - 1].1, &responses[number].1].map(operations);
            if asked[0] != first && asked == [second, first] {
                requests.swap(number - 1, number);
            }
        }
        let mut steps = Vec::new();
        let mut client = "A".to_owned();
        for ((remarks, request), (_, response)) in requests.into_iter().zip(responses) {
            if let Some((_, rest)) = remarks.split_once("[Client-") {
                client = rest.chars().take(1).collect();
            }
            steps.push(Step {
                client: client.clone(),
                repeats: remarks.contains("[REPEAT]"),
                from_server: remarks.contains("[Server-to-Client]")
                    || has_operation(&request, &["Notify", "Put"])
                    || name.contains("-S2C-")
                        && has_operation(&request, &["DiscoverVersions", "Query"]),
                request,
                response,
            });
        }
        // The remark may stand before the first of two like requests that show what comes of it.
        for number in 1..steps.len() {
            let (before, step) = (&steps[number - 1], &steps[number]);
            if before.repeats && before.request == step.request {
                steps[number].repeats = true;
            }
        }
        Ok(Self { name, steps })
    }
}

/// The operations of a message, in the order of its items.
fn operations(message: &Element) -> Vec<&str> {
    message.children_named("BatchItem").map(|item| item.value_of("Operation")).collect()
}

/// Whether a request is for one of these operations. Notify and Put are sent by servers alone, and in
/// cases that have server-to-client in their name so are questions (KMIP 1.4 §5).
fn has_operation(request: &Element, operations: &[&str]) -> bool {
    let mut items = request.children_named("BatchItem");
    items.any(|item| operations.contains(&item.value_of("Operation")))
}

/// The messages of a file, each with the words that stand before it.
fn messages(text: &str) -> Result<Vec<(String, Element)>, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut messages = Vec::new();
    let mut remarks = String::new();
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => close(element(&start)?, &mut open),
            Event::End(_) => {
                let done = open.pop().ok_or("an end without a start")?;
                if [REQUEST, RESPONSE].contains(&done.name.as_str()) {
                    messages.push((std::mem::take(&mut remarks), done));
                } else {
                    close(done, &mut open);
                }
            }
            Event::Text(words) => remarks.push_str(&words.xml10_content()),
            Event::Eof => return Ok(messages),
            _ => {}
        }
    }
}

fn close(done: Element, open: &mut [Element]) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(done);
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element =
        Element { name: start.local_name().into_inner().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        match attribute.key.local_name().into_inner() {
            "type" => element.kind = value,
            "value" => element.value = value,
            // An item that has no name in XML stands as <TTLV tag="0x540001">.
            "tag" => element.name = value,
            _ => {}
        }
    }
    Ok(element)
}
