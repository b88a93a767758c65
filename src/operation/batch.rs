//! What the items of one batch leave to each other: the ID Placeholder, the objects they made, and,
//! where the batch stands or falls as a whole, changes that are not durable yet.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use kmip_ttlv::enums::{Operation, UniqueIdentifierEnum};
use kmip_ttlv::{Error, Tag, UniqueIdentifier};

use super::failure::Failure;
use super::feeds::Feed;
use super::{Output, Outputs, Placeholder};
use crate::store::{Change, Note, NoteKey, Stored};

/// State that lives as long as one request.
#[derive(Debug, Default)]
pub struct Batch {
    /// The identifier that items without one mean (KMIP 1.4 §4: ID Placeholder).
    /// It is this one of the identifiers.
    placeholder: Option<usize>,
    /// The identifiers in the response so far.
    identifiers: Vec<String>,
    /// Which of these each item has answered.
    answered: Vec<(Operation, Range<usize>)>,
    made: Vec<String>,
    outputs: Outputs,
    /// Whether all items are undone if one fails.
    together: bool,
    feed: Option<Feed>,
    pending: HashMap<String, Arc<Stored>>,
    /// Notes as the items so far want them, or that they go.
    pending_notes: HashMap<NoteKey, Option<Arc<Note>>>,
}

impl Batch {
    /// A batch that stands or falls as a whole.
    #[must_use]
    pub fn together() -> Self {
        Self { together: true, ..Self::default() }
    }

    /// Whether what an item does may have to be undone later.
    #[must_use]
    pub fn is_together(&self) -> bool {
        self.together
    }

    /// The identifier that is meant.
    ///
    /// # Errors
    /// [`Failure::InvalidMessage`] if none is given and no item before this one has left one, or
    /// what keeps a word of 2.x from meaning one object.
    pub fn resolve(&self, uid: Option<&UniqueIdentifier<'_>>) -> Result<String, Failure> {
        let missing = || Failure::InvalidMessage("no Unique Identifier is given or set".into());
        match uid {
            Some(UniqueIdentifier::Text(text)) => Ok(text.to_string()),
            None | Some(UniqueIdentifier::Enumeration(UniqueIdentifierEnum::IdPlaceholder)) => {
                let named = self.placeholder.and_then(|at| self.identifiers.get(at));
                named.cloned().ok_or_else(missing)
            }
            Some(UniqueIdentifier::Enumeration(word)) => self.answered_by(*word),
            Some(UniqueIdentifier::Integer(position)) => {
                nth(&self.identifiers, *position).cloned().ok_or_else(missing)
            }
        }
    }

    /// The identifier that the most recent item of an operation has answered (KMIP 2.1 §11.58).
    fn answered_by(&self, word: UniqueIdentifierEnum) -> Result<String, Failure> {
        if let UniqueIdentifierEnum::Unknown(value) = word {
            return Err(Error::UnknownValue { tag: Tag::UniqueIdentifier, value }.into());
        }
        let answered = operation(word).and_then(|(operation, place)| {
            let latest = self.answered.iter().rev().find(|(answered, _)| *answered == operation);
            let (_, range) = latest?;
            let all = self.identifiers.get(range.clone())?;
            place.map_or(Some(all), |place| all.get(place..=place))
        });
        match answered {
            Some([uid]) => Ok(uid.clone()),
            Some([_, ..]) => Err(Failure::FeatureNotSupported(
                "an operation cannot be repeated for several Unique Identifiers",
            )),
            Some([]) | None => Err(Failure::InvalidMessage(format!(
                "no item before this one has answered a Unique Identifier for {word}"
            ))),
        }
    }

    /// The connection listens once the batch is answered.
    pub fn listens(&mut self, feed: Feed) {
        self.feed = Some(feed);
    }

    /// What the connection listens to from now on, if an item has made it listen.
    #[must_use]
    pub fn into_feed(self) -> Option<Feed> {
        self.feed
    }

    /// Whether an earlier item of this batch has made the object.
    #[must_use]
    pub fn has_made(&self, uid: &str) -> bool {
        self.made.iter().any(|made| made == uid)
    }

    /// The object as an earlier item of this batch wants it, where that is not durable yet.
    #[must_use]
    pub fn pending(&self, uid: &str) -> Option<Arc<Stored>> {
        self.pending.get(uid).cloned()
    }

    /// The note as an earlier item of this batch wants it, or that it goes, where that is not durable
    /// yet.
    #[must_use]
    pub fn pending_note(&self, key: &NoteKey) -> Option<Option<Arc<Note>>> {
        self.pending_notes.get(key).cloned()
    }

    /// The identifiers of the objects that these changes make.
    #[must_use]
    pub fn made_by(changes: &[Change]) -> Vec<String> {
        let uid = |change: &Change| match change {
            Change::Insert { stored, .. } => Some(stored.object.uid.clone()),
            _ => None,
        };
        changes.iter().filter_map(uid).collect()
    }

    /// Notes what an item has done, for the items after it: the identifiers that its operation has
    /// answered, what that does to the ID Placeholder, and the objects that it made.
    pub fn done(
        &mut self,
        operation: Operation,
        mut uids: Vec<String>,
        placeholder: Placeholder,
        mut made: Vec<String>,
    ) {
        match placeholder {
            Placeholder::Kept => {}
            Placeholder::Set => {
                self.placeholder = (!uids.is_empty()).then_some(self.identifiers.len());
            }
            Placeholder::Emptied => self.placeholder = None,
        }
        let before = self.identifiers.len();
        self.identifiers.append(&mut uids);
        self.answered.push((operation, before..self.identifiers.len()));
        self.made.append(&mut made);
    }

    /// The data that items hand on.
    #[must_use]
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Hands the data of an item that is done on to the items after it.
    pub fn hand_on(&mut self, output: Option<Output>) {
        self.outputs.push(output);
    }

    /// Notes that an item has failed: a Check that says no leaves no object to go on with (KMIP 1.4
    /// §4.10).
    pub fn failed(&mut self, failure: &Failure) {
        if matches!(failure, Failure::Denied(_)) {
            self.placeholder = None;
        }
    }

    /// Shows the items after this one changes that wait for the end of the batch.
    pub fn hold(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::Insert { stored, .. } | Change::Update { stored, .. } = change {
                let held = Stored::clone(stored);
                self.pending.insert(held.object.uid.clone(), Arc::new(held));
            }
            if let Change::Note(change) = change {
                let revision = change.from.unwrap_or_default() + 1;
                let note = change.to.clone();
                let note = note.map(|to| Note { revision, expires: to.expires, body: to.body });
                self.pending_notes.insert(change.key.clone(), note.map(Arc::new));
            }
        }
    }
}

/// What stands at a place counted from zero or, if it is negative, from the end backwards (KMIP 2.1
/// §4.58 and §7.9).
pub(super) fn nth<T>(all: &[T], place: i32) -> Option<&T> {
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let place = i64::from(place);
    let place = if place < 0 { count + place } else { place };
    all.get(usize::try_from(place).ok()?)
}

/// The operation whose result a word means, of those that are served, and which identifier of it if
/// it has answered several.
fn operation(word: UniqueIdentifierEnum) -> Option<(Operation, Option<usize>)> {
    use UniqueIdentifierEnum as Word;
    const PRIVATE: Option<usize> = Some(0);
    const PUBLIC: Option<usize> = Some(1);
    Some(match word {
        Word::Create => (Operation::Create, None),
        Word::CreateSplitKey => (Operation::CreateSplitKey, None),
        Word::JoinSplitKey => (Operation::JoinSplitKey, None),
        Word::CreateKeyPair => (Operation::CreateKeyPair, None),
        Word::CreateKeyPairPrivateKey => (Operation::CreateKeyPair, PRIVATE),
        Word::CreateKeyPairPublicKey => (Operation::CreateKeyPair, PUBLIC),
        Word::Locate => (Operation::Locate, None),
        Word::Register => (Operation::Register, None),
        Word::ReKey => (Operation::ReKey, None),
        Word::ReKeyKeyPair => (Operation::ReKeyKeyPair, None),
        Word::ReKeyKeyPairPrivateKey => (Operation::ReKeyKeyPair, PRIVATE),
        Word::ReKeyKeyPairPublicKey => (Operation::ReKeyKeyPair, PUBLIC),
        _ => return None,
    })
}
