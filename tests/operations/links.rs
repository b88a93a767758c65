//! Links (KMIP 1.4 §3.35, KMIP 2.1 §4.31): how clients give them, and what becomes of them when what
//! they lead to is destroyed.

use kmip_ttlv::attribute::{Attribute, AttributeKind, Link};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption as OnError, CryptographicAlgorithm as A, LinkType as L,
    ResultReason as R, State, UniqueIdentifierEnum as Word,
};
use kmip_ttlv::{UniqueIdentifier, Version};

use super::ask::{
    add, attributes, create, delete_value, destroy, found, get, locate, modify_from, re_key, set,
    uid_of,
};
use super::pair;
use super::world::World;

fn link(kind: L, object: impl Into<UniqueIdentifier<'static>>) -> Attribute {
    let object = object.into().into();
    Attribute::Link(Link { kind, object })
}

fn word(kind: L, word: Word) -> Attribute {
    link(kind, UniqueIdentifier::Enumeration(word))
}

#[tokio::test]
async fn what_a_link_says_by_the_answers_of_the_batch_is_kept_as_an_identifier() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let key = client.create(Vec::new()).await;
    let batch = vec![
        create(Vec::new()),
        create(vec![word(L::ParentLink, Word::IdPlaceholder)]),
        create(vec![link(L::ParentLink, UniqueIdentifier::Integer(0))]),
        add(&key, link(L::ChildLink, UniqueIdentifier::Integer(-1))),
        modify_from(&key, word(L::ChildLink, Word::Create), word(L::NextLink, Word::Create)),
    ];
    let answers = client.batch(Some(OnError::Stop), batch).await;
    let uids: Vec<String> = answers.iter().take(3).cloned().map(uid_of).collect();
    let [first, second, third, ..] = uids.as_slice() else { panic!("{uids:?}") };
    for (uid, expected) in [
        (second, link(L::ParentLink, first.clone())),
        (third, link(L::ParentLink, first.clone())),
        (&key, link(L::NextLink, third.clone())),
    ] {
        assert_eq!(client.values(uid, AttributeKind::Link).await, [expected]);
    }
    let children = found(client.ask(locate(vec![link(L::ParentLink, first.clone())])).await);
    assert_eq!(children.len(), 2);

    // The same in a search, and for what is taken away.
    let named = |uid: &String| locate(vec![Attribute::UniqueIdentifier(uid.as_str().into())]);
    let of_placeholder = locate(vec![word(L::ParentLink, Word::IdPlaceholder)]);
    let batch = vec![named(first).into(), of_placeholder.clone().into()];
    let answers = client.batch(Some(OnError::Stop), batch).await;
    assert_eq!(found(answers[1].clone()).len(), 2);
    let asked = client.ask(of_placeholder).await;
    assert_eq!(asked.err(), Some(R::InvalidMessage), "there is no placeholder");
    let gone = delete_value(&key, word(L::NextLink, Word::IdPlaceholder));
    client.batch(Some(OnError::Stop), vec![named(third).into(), gone]).await;
    assert_eq!(client.values(&key, AttributeKind::Link).await, []);
    let nothing = create(vec![link(L::ParentLink, UniqueIdentifier::Integer(7))]);
    assert_eq!(client.ask(nothing).await.err(), Some(R::InvalidMessage));
    let nothing = set(&key, word(L::NextLink, Word::Create));
    assert_eq!(client.ask(nothing).await.err(), Some(R::InvalidMessage));
}

#[tokio::test]
async fn links_to_what_is_destroyed_stay_and_stand_in_nobodys_way() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let old = client.create(Vec::new()).await;
        let new = uid_of(client.ask(re_key(&old, None, Vec::new())).await);
        client.ask(destroy(&old)).await.unwrap();
        let back = link(L::ReplacedObjectLink, old.clone());
        assert_eq!(client.values(&new, AttributeKind::Link).await, [back.clone()]);
        let on = [link(L::ReplacementObjectLink, new.clone())];
        assert_eq!(client.values(&old, AttributeKind::Link).await, on);
        assert_eq!(client.state(&old).await, State::Destroyed);
        assert_eq!(found(client.ask(locate(vec![back])).await), [new.clone()]);
        let newest = uid_of(client.ask(re_key(&new, None, Vec::new())).await);
        client.ask(destroy(&new)).await.unwrap();
        client.ask(attributes(&newest, &[])).await.unwrap();

        // A pair with one half says that the other is destroyed, and the half goes its own way.
        let (private, public) =
            pair::pair_of(client.ask(pair::create(vec![pair::of(A::Ecdsa)])).await);
        client.ask(destroy(&public)).await.unwrap();
        let to_public = link(L::PublicKeyLink, public.clone());
        assert_eq!(client.values(&private, AttributeKind::Link).await, [to_public]);
        let gone = if version.is_2x() { R::ObjectDestroyed } else { R::ItemNotFound };
        assert_eq!(client.ask(pair::re_key(&private)).await.err(), Some(gone));
        client.ask(get(&private)).await.unwrap();
        client.ask(destroy(&private)).await.unwrap();
    }
}
