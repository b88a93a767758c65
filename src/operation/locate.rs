//! Locate (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, PartialAttribute};
use kmip_ttlv::enums::{ObjectGroupMember, State, StorageStatusMask};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::locate::{Request, Response};

use super::context::{Context, Held, Right};
use super::groups::Turn;
use super::{Failure, Outcome, Placeholder, creation, own_keys, shown};
use crate::object::filter::{BadFilter, Filter};
use crate::object::{Object, rules};
use crate::store::{Position, Selector};

/// Objects that are read from the store at a time.
const PAGE: usize = 256;

const LIVE: &[State] = &[State::PreActive, State::Active, State::Deactivated, State::Compromised];
const DESTROYED: &[State] = &[State::Destroyed, State::DestroyedCompromised];

/// What is searched for.
struct Search {
    filter: Filter,
    states: Vec<State>,
    storage: StorageStatusMask,
    version: Version,
}

/// Finds the objects that have all the attributes given, newest first.
pub(super) async fn locate(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let search = Search::new(cx, request)?;
    let maximum = count(request.maximum_items, "Maximum Items")?;
    let limit = maximum.unwrap_or(usize::MAX).min(cx.parts().facts.located_items_max);
    if request.object_group_member == Some(ObjectGroupMember::GroupMemberDefault) {
        let found = search.next_of_group(cx, limit).await?;
        return Ok(outcome(found.into_iter().collect(), None));
    }
    let offset = count(request.offset_items, "Offset Items")?;
    // Whoever pages wants to know when it ends.
    let counts = offset.is_some() && cx.version() >= Version::V1_3;
    // Whoever asks for all and not for a page must not take a part for the whole.
    let whole = maximum.is_none() && offset.is_none();
    let skip = offset.unwrap_or(0);
    let mut page = Page { skip, limit, counts, whole, uids: Vec::new(), total: 0, is_cut: false };
    search.each(cx, |_, object| page.take(object)).await?;
    if whole && page.is_cut {
        return Err(Failure::LimitExceeded("too many objects match; ask for pages of them"));
    }
    let total = counts.then(|| i32::try_from(page.total).unwrap_or(i32::MAX));
    Ok(outcome(page.uids, total))
}

fn outcome(uids: Vec<String>, located_items: Option<i32>) -> Outcome {
    let placeholder = if uids.len() == 1 { Placeholder::Set } else { Placeholder::Emptied };
    let response =
        Response { located_items, uids: uids.iter().map(|uid| uid.clone().into()).collect() };
    let response = ResponsePayload::Locate(response);
    Outcome { response, changes: Vec::new(), uids, placeholder }
}

/// A number of items, which cannot be negative.
fn count(given: Option<i32>, name: &str) -> Result<Option<usize>, Failure> {
    let negative = |_| Failure::InvalidField(format!("{name} is negative"));
    given.map(usize::try_from).transpose().map_err(negative)
}

/// The part of what is found that is returned.
struct Page {
    /// Matches that are skipped yet.
    skip: usize,
    limit: usize,
    /// Whether all matches are counted, also those that are not returned.
    counts: bool,
    /// Whether all matches are to be returned.
    whole: bool,
    uids: Vec<String>,
    total: usize,
    /// Whether a match was found that is too many.
    is_cut: bool,
}

impl Page {
    /// Takes the next match. Returns whether more are wanted.
    fn take(&mut self, object: &Object) -> bool {
        self.total += 1;
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.uids.len() < self.limit {
            self.uids.push(object.uid.clone());
        } else {
            self.is_cut = true;
        }
        self.counts || self.uids.len() < self.limit || (self.whole && !self.is_cut)
    }
}

fn filter<'a>(
    whole: impl Iterator<Item = &'a Attribute>,
    partial: &[PartialAttribute],
) -> Result<Filter, BadFilter> {
    let mut filter = Filter::new(whole)?;
    for attribute in partial {
        filter.add_partly(attribute.clone())?;
    }
    Ok(filter)
}

/// Whether an object that the caller can find is in this group, in the archive or not.
///
/// # Errors
/// The store's.
pub(super) async fn has_members(cx: &Context<'_>, group: &str) -> Result<bool, Failure> {
    let mut filter = Filter::default();
    filter.add(Attribute::ObjectGroup(group.to_owned()));
    let storage = StorageStatusMask::ON_LINE_STORAGE.union(StorageStatusMask::ARCHIVAL_STORAGE);
    let states = states(storage, None, cx.version());
    let search = Search { filter, states, storage, version: cx.version() };
    let mut found = false;
    let visit = |_, _: &Object| {
        found = true;
        false
    };
    search.each(cx, visit).await?;
    Ok(found)
}

impl Search {
    fn new(cx: &Context<'_>, request: &Request) -> Result<Self, Failure> {
        let sought = request.attributes.whole.iter();
        let whole = sought.map(|it| creation::resolved(cx, it)).collect::<Result<Vec<_>, _>>()?;
        let whole = whole.iter().map(|it| &**it);
        let mut filter = filter(whole, &request.attributes.partial).map_err(|bad| match bad {
            BadFilter::Unknown(name) => Failure::UnknownFilter(name),
            BadFilter::Range(_) | BadFilter::TooMany => Failure::InvalidField(bad.to_string()),
        })?;
        if request.object_group_member.is_some() && filter.groups().next().is_none() {
            let message = "an Object Group Member is asked for, but no Object Group";
            return Err(Failure::InvalidField(message.into()));
        }
        match request.object_group_member {
            Some(ObjectGroupMember::GroupMemberFresh) => filter.add(Attribute::Fresh(true)),
            None | Some(ObjectGroupMember::GroupMemberDefault) => {}
            Some(_) => {
                return Err(Failure::InvalidField("the Object Group Member is not known".into()));
            }
        }
        let storage = request.storage_status_mask.unwrap_or(StorageStatusMask::ON_LINE_STORAGE);
        let states = states(storage, filter.state(), cx.version());
        Ok(Self { filter, states, storage, version: cx.version() })
    }

    fn matches(&self, object: &Object) -> bool {
        let derived = if self.filter.kinds().any(is_derived) {
            shown::derived(object).unwrap_or_default()
        } else {
            Vec::new()
        };
        self.states.contains(&object.state())
            && !object.is_gone()
            && (object.is_destroyed() || self.storage.contains(storage_of(object)))
            && self.filter.kinds().all(|kind| rules::is_held(kind, object, self.version))
            && self.filter.matches(object, &derived)
    }

    /// Calls `visit` for each match, newest first, until it wants no more.
    async fn each(
        &self,
        cx: &Context<'_>,
        mut visit: impl FnMut(Position, &Object) -> bool,
    ) -> Result<(), Failure> {
        if self.states.is_empty() {
            return Ok(());
        }
        if let Some(uid) = self.filter.uid() {
            let held = match cx.object(Some(uid), Right::Attributes).await {
                Ok(held) => held,
                Err(Failure::NotFound | Failure::InvalidMessage(_)) => return Ok(()),
                Err(failure) => return Err(failure),
            };
            if self.matches(held.object()) {
                visit(Position(0), held.object());
            }
            return Ok(());
        }
        for held in own_keys::members(cx, self.filter.groups()).await? {
            if self.matches(held.object()) && !visit(Position(0), held.object()) {
                return Ok(());
            }
        }
        let (mut before, mut looked_at) = (None, 0);
        loop {
            let page = self.page(cx, before).await?;
            looked_at += page.len();
            for (position, held) in &page {
                let found = self.matches(held.object()) && cx.shows(held.object());
                if found && !visit(*position, held.object()) {
                    return Ok(());
                }
            }
            let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else {
                return Ok(());
            };
            before = Some(*last);
            if looked_at >= cx.parts().facts.located_scan_max {
                return Err(Failure::LimitExceeded("too many objects to search; ask for less"));
            }
        }
    }

    async fn page(
        &self,
        cx: &Context<'_>,
        before: Option<Position>,
    ) -> Result<Vec<(Position, Held)>, Failure> {
        let selector = Selector {
            object_types: self.filter.object_type().into_iter().collect(),
            states: self.states.clone(),
            entry: self.filter.entry(),
        };
        cx.select(selector, before, PAGE).await
    }

    /// The member of the group whose turn it is: the next younger than the one before, or the
    /// oldest.
    async fn next_of_group(
        &self,
        cx: &Context<'_>,
        limit: usize,
    ) -> Result<Option<String>, Failure> {
        let group = self.filter.groups().next().unwrap_or_default();
        let last = cx.parts().group_turns.last(cx.service(), group);
        let mut oldest: Option<(Position, String)> = None;
        let mut next: Option<(Position, String)> = None;
        self.each(cx, |position, object| {
            if last.is_some_and(|last| position > last) {
                next = Some((position, object.uid.clone()));
            }
            oldest = Some((position, object.uid.clone()));
            true
        })
        .await?;
        let Some((member, uid)) = next.or(oldest).filter(|_| limit > 0) else { return Ok(None) };
        cx.note_turn(Turn { service: cx.service(), group: group.to_owned(), member });
        Ok(Some(uid))
    }
}

/// Attributes that objects have without keeping them, less those that every search knows.
fn is_derived(kind: AttributeKind) -> bool {
    matches!(kind, AttributeKind::ShortUniqueIdentifier | AttributeKind::OperationPolicyName)
}

/// Where an object is that is not destroyed.
fn storage_of(object: &Object) -> StorageStatusMask {
    if object.is_archived() {
        StorageStatusMask::ARCHIVAL_STORAGE
    } else {
        StorageStatusMask::ON_LINE_STORAGE
    }
}

/// The states that an object may be in. Destroyed ones are not found unless asked for: in 2.x by
/// the mask, in 1.x, whose mask has no word for them, by their state.
fn states(mask: StorageStatusMask, asked: Option<State>, version: Version) -> Vec<State> {
    let by_state = !version.is_2x() && asked.is_some_and(|state| DESTROYED.contains(&state));
    let mut states = Vec::new();
    if [StorageStatusMask::ON_LINE_STORAGE, StorageStatusMask::ARCHIVAL_STORAGE]
        .iter()
        .any(|live| mask.contains(*live))
    {
        states.extend(LIVE);
    }
    if by_state || mask.contains(StorageStatusMask::DESTROYED_STORAGE) {
        states.extend(DESTROYED);
    }
    states.retain(|state| asked.is_none_or(|asked| asked == *state));
    states
}
