//! The objects of a text: documents, lists in them, and what is known of each one's kind.

use super::cursor::Cursor;
use super::kinds::{self, Kind};
use super::node::Tree;
use super::pods;
use super::{IMAGE_LIMIT, ImageUse, NODE_LIMIT, ObjectName, ReadOptions, Refusal, WorkloadError};

/// Deepest nesting of lists in lists; aliases can nest them without nesting the text.
const LIST_DEPTH_LIMIT: usize = 8;

/// All images of all documents.
pub(super) fn images(tree: &Tree, options: &ReadOptions) -> Result<Vec<ImageUse>, WorkloadError> {
    let mut found = Found { options, images: Vec::new(), visits: 0 };
    for root in &tree.roots {
        if !tree.is_null(*root) {
            found.object(&Cursor::root(tree, *root), None, 0)?;
        }
    }
    Ok(found.images)
}

/// API version and kind.
#[derive(Clone)]
struct TypeMeta {
    version: String,
    kind: String,
}

pub(super) struct Found<'o> {
    options: &'o ReadOptions,
    images: Vec<ImageUse>,
    visits: usize,
}

impl Found<'_> {
    /// Counts what is looked at: an alias repeats what it leads to without a byte more of text.
    pub(super) fn visit(&mut self, at: &Cursor<'_>) -> Result<(), Refusal> {
        self.visits += 1;
        match self.visits > NODE_LIMIT {
            true => {
                Err(at.refuse(&format!("is one of more than {NODE_LIMIT} values, as aliases repeat them")))
            }
            false => Ok(()),
        }
    }

    /// Adds an image.
    pub(super) fn add(&mut self, image: ImageUse, at: &Cursor<'_>) -> Result<(), Refusal> {
        if self.images.len() >= IMAGE_LIMIT {
            return Err(at.refuse(&format!("is one of more than {IMAGE_LIMIT} images")));
        }
        self.images.push(image);
        Ok(())
    }

    /// The images of an object, or of those in a list. `default` is what the list says of elements that say nothing.
    fn object(
        &mut self,
        at: &Cursor<'_>,
        default: Option<&TypeMeta>,
        depth: usize,
    ) -> Result<(), WorkloadError> {
        let unnamed = |refusal: Refusal| refusal.in_object(None);
        self.visit(at).map_err(unnamed)?;
        let meta = type_meta(at, default).map_err(unnamed)?;
        let name = name(at, &meta).map_err(unnamed)?;
        let named = |refusal: Refusal| refusal.in_object(Some(name.clone()));
        match list(at, &meta).map_err(named)? {
            None => self.single(at, &name).map_err(named),
            Some(_) if depth >= LIST_DEPTH_LIMIT => {
                Err(named(at.refuse(&format!("is a list in more than {LIST_DEPTH_LIMIT} lists"))))
            }
            Some(items) => {
                let elements = items.elements().map_err(named)?;
                let element = element_meta(&meta);
                for object in elements {
                    self.object(&object, element.as_ref(), depth + 1)?;
                }
                Ok(())
            }
        }
    }

    /// The images of an object that is no list.
    fn single(&mut self, at: &Cursor<'_>, name: &ObjectName) -> Result<(), Refusal> {
        match kinds::kind(&name.group, &name.kind) {
            Kind::Podless => Ok(()),
            Kind::Pods(path) => {
                let before = self.images.len();
                match at.at(path)? {
                    Some(spec) if spec.is_mapping() => pods::images(self, &spec, name)?,
                    Some(spec) => return Err(spec.refuse("is not a mapping")),
                    None => return Err(at.refuse(&format!("has no {}", path.join(".")))),
                }
                match self.images.len() > before {
                    true => Ok(()),
                    false => Err(at.refuse("has no containers, so there is no image to check")),
                }
            }
            Kind::Custom => self.custom(at, name),
        }
    }

    /// A custom kind is read where its pod template stands at the usual place; an image anywhere else could be
    /// anything.
    fn custom(&mut self, at: &Cursor<'_>, name: &ObjectName) -> Result<(), Refusal> {
        if self.options.ignored_kinds.iter().any(|ignored| ignored.covers(&name.group, &name.kind)) {
            return Ok(());
        }
        let before = self.images.len();
        if let Some(spec) = at.at(kinds::TEMPLATE)?.filter(Cursor::is_mapping) {
            pods::images(self, &spec, name)?;
        }
        let read = self.images.get(before..).unwrap_or_default();
        let known: Vec<_> = read.iter().map(|image| image.member).collect();
        match at.find_key("image", &known) {
            None => Ok(()),
            Some(member) => Err(Refusal::of_text(
                Some(member.place),
                format!(
                    "the key `{}` in an object of a kind that is not known; check that image by its name, or say that \
                     the kind runs none with --ignore-kind {}",
                    member.key, name.kind
                ),
            )),
        }
    }
}

/// The items of a list. kubectl takes every object with `items` for a list, whatever its kind is called.
fn list<'a>(at: &Cursor<'a>, meta: &TypeMeta) -> Result<Option<Cursor<'a>>, Refusal> {
    let Some(items) = at.written("items")? else { return Ok(None) };
    if !meta.kind.ends_with("List") {
        return Err(items.refuse(&format!("makes a list of it for kubectl, but its kind is {}", meta.kind)));
    }
    // A list that has none is one all the same.
    match at.member("items")? {
        Some(items) => Ok(Some(items)),
        None => Err(items.refuse("is null")),
    }
}

/// What an element of a typed list is, where it does not say (apimachinery, unstructuredJSONScheme).
fn element_meta(list: &TypeMeta) -> Option<TypeMeta> {
    let kind = list.kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    Some(TypeMeta { version: list.version.clone(), kind: kind.to_owned() })
}

fn type_meta(at: &Cursor<'_>, default: Option<&TypeMeta>) -> Result<TypeMeta, Refusal> {
    if !at.is_mapping() {
        return Err(at.refuse("is not a Kubernetes object: not a mapping"));
    }
    let version =
        at.member("apiVersion")?.map(|version| version.text()).transpose()?.filter(|v| !v.is_empty());
    let kind = at.member("kind")?.map(|kind| kind.text()).transpose()?.filter(|kind| !kind.is_empty());
    match (version, kind, default) {
        (Some(version), Some(kind), _) => Ok(TypeMeta { version: version.to_owned(), kind: kind.to_owned() }),
        (None, None, Some(default)) => Ok(default.clone()),
        (None, None, None) => {
            Err(at.refuse("is not a Kubernetes object: it has neither apiVersion nor kind"))
        }
        (None, _, _) => Err(at.refuse("is not a Kubernetes object: it has no apiVersion")),
        (_, None, _) => Err(at.refuse("is not a Kubernetes object: it has no kind")),
    }
}

fn name(at: &Cursor<'_>, meta: &TypeMeta) -> Result<ObjectName, Refusal> {
    let group = match meta.version.split_once('/') {
        None => "",
        Some((group, version)) if !version.contains('/') => group,
        Some(_) => {
            return Err(at.refuse(&format!("has the apiVersion {}, with more than one `/`", meta.version)));
        }
    };
    let text = |namespace: Cursor<'_>| namespace.text().map(str::to_owned);
    let namespace = at.at(&["metadata", "namespace"])?.map(text).transpose()?;
    Ok(ObjectName {
        group: group.to_owned(),
        kind: meta.kind.clone(),
        namespace: namespace.filter(|namespace| !namespace.is_empty()),
        // Only shown: what Kubernetes would not take for a name is its affair.
        name: at.at(&["metadata", "name"])?.and_then(|name| name.scalar().map(str::to_owned)),
    })
}
