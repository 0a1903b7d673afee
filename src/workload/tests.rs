use super::*;
use crate::model::Digest;

fn read_text(text: &str) -> Manifests {
    read(text.as_bytes(), &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn texts(text: &str) -> Vec<String> {
    read_text(text).images().iter().map(|image| image.text.clone()).collect()
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: nginx:1.2 # web\n";

#[test]
fn a_pods_image_is_read_and_pinned() {
    assert_eq!(texts(POD), ["nginx:1.2"]);
    let digest = Digest::of(b"x");
    let pinned = read_text(POD).pin(|_| Some(digest)).unwrap();
    assert_eq!(pinned, POD.replace("nginx:1.2", &format!("nginx:1.2@{digest}")));
}
