//! The objects of a text: documents, lists in them, and what is known of each one's kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cursor::{Budget, Cursor};
use super::kinds::{self, Kind};
use super::node::Tree;
use super::pods;
use super::{IMAGE_LIMIT, ImageUse, ObjectName, ReadOptions, Refusal, WorkloadError};

/// Most labels of an object that are read; Kubernetes has no limit but that of the object's size.
const LABEL_LIMIT: usize = 4096;
/// Longest key and value of a label (Kubernetes, "Labels and Selectors": a DNS name, `/`, and 63 characters).
const LABEL_LENGTH_LIMITS: (usize, usize) = (253 + 1 + 63, 63);
/// Deepest nesting of lists in lists; aliases can nest them without nesting the text.
const LIST_DEPTH_LIMIT: usize = 8;

/// All images of all documents.
pub(super) fn images(tree: &Tree, options: &ReadOptions) -> Result<Vec<ImageUse>, WorkloadError> {
    let mut found = Found { options, images: Vec::new() };
    let budget = Budget::new();
    for root in &tree.roots {
        if !tree.is_null(*root) {
            found.object(&Cursor::root(tree, &budget, *root), None, 0)?;
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
}

impl Found<'_> {
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
        let labelled = || Ok(ObjectName { labels: labels(at)?, ..name.clone() });
        match kinds::kind(&name.group, &name.kind) {
            Kind::Podless => Ok(()),
            Kind::Pods(path) => match at.at(path)? {
                Some(spec) if spec.is_mapping() => {
                    pods::images(self, &spec, &labelled()?)?;
                    pods::check_containers(&spec)
                }
                Some(spec) => Err(spec.refuse("is not a mapping")),
                None => Err(at.refuse(&format!("has no {}", path.join(".")))),
            },
            Kind::Custom => self.custom(at, &labelled()?),
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
            // What other kinds have at that place may be no pod, such as the machines of the Cluster API.
            if kinds::templates_are_pods(&name.group, &name.kind) || pods::names_containers(&spec)? {
                pods::check_containers(&spec)?;
            }
        }
        let read = self.images.get(before..).unwrap_or_default();
        let known = read.iter().map(|image| image.member).collect();
        match at.find_key("image", &known)? {
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
    if let Some(odd) = kind.filter(|kind| !kind.chars().all(|c| c.is_ascii_alphanumeric())) {
        return Err(at.refuse(&format!("has the kind `{odd}`; a kind has letters and digits only")));
    }
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
    let (group, version) = match meta.version.split_once('/') {
        None => ("", meta.version.as_str()),
        Some((group, version)) if !version.contains('/') => (group, version),
        Some(_) => {
            return Err(at.refuse(&format!("has the apiVersion {}, with more than one `/`", meta.version)));
        }
    };
    let text = |namespace: Cursor<'_>| namespace.text().map(str::to_owned);
    let namespace = at.at(&["metadata", "namespace"])?.map(text).transpose()?;
    let shown = |field: &str| -> Result<Option<String>, Refusal> {
        let name = at.at(&["metadata", field])?.and_then(|name| name.scalar());
        Ok(name.filter(|name| !name.is_empty()).map(str::to_owned))
    };
    Ok(ObjectName {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: meta.kind.clone(),
        namespace: namespace.filter(|namespace| !namespace.is_empty()),
        // Only shown: what Kubernetes would not take for a name is its affair.
        name: shown("name")?.or(shown("generateName")?.map(|start| format!("{start}*"))),
        labels: None,
    })
}

/// The object's labels; nothing where one of them may be read as something other than text, or there are too many:
/// then nobody can say which they are.
fn labels(at: &Cursor<'_>) -> Result<Option<Arc<BTreeMap<String, String>>>, Refusal> {
    let Some(written) = at.at(&["metadata", "labels"])? else { return Ok(Some(Arc::default())) };
    let Some(entries) = written.entries()? else { return Ok(None) };
    let mut labels = BTreeMap::new();
    let (longest_key, longest_text) = LABEL_LENGTH_LIMITS;
    let fits = |key: &str, text: &str| key.len() <= longest_key && text.len() <= longest_text;
    for (key, value) in entries {
        match value.text() {
            Ok(text) if labels.len() < LABEL_LIMIT && fits(key, text) => {
                labels.insert(key.to_owned(), text.to_owned());
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(Arc::new(labels)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use crate::workload::{IMAGE_LIMIT, ReadOptions, read};

    const CONTAINERS: &str = "{initContainers: [{image: i}], containers: [{image: c}], \
                              ephemeralContainers: [{image: e}], volumes: [{name: n}, {image: {reference: v}}]}";

    fn images_ignoring(kinds: &[&str], text: &str) -> Result<Vec<String>, String> {
        let options = ReadOptions { ignored_kinds: kinds.iter().map(|kind| kind.parse().unwrap()).collect() };
        let manifests = read(text.as_bytes(), &options).map_err(|error| error.to_string())?;
        Ok(manifests.images().iter().map(|image| image.text.clone()).collect())
    }

    fn images(text: &str) -> Result<Vec<String>, String> {
        images_ignoring(&[], text)
    }

    fn refusal(text: &str) -> String {
        images(text).map(|images| panic!("{text} gave {images:?}")).unwrap_err()
    }

    fn object(version: &str, kind: &str, rest: &str) -> String {
        format!("{{apiVersion: {version}, kind: {kind}, {rest}}}\n")
    }

    #[test]
    fn an_image_knows_group_version_and_labels_of_its_object() {
        let object = |metadata: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\nspec: {{template: {{metadata: {{labels: {{a: \
                 pod}}}}, spec: {{containers: [{{image: c}}]}}}}}}\n"
            );
            read(text.as_bytes(), &ReadOptions::default()).unwrap().images()[0].object.clone()
        };
        let labelled = object("{name: app, labels: {a: b, c: \"1\"}}");
        assert_eq!((labelled.group.as_str(), labelled.version.as_str()), ("apps", "v1"));
        let labels = labelled.labels.unwrap();
        assert_eq!((labels.len(), labels["a"].as_str(), labels["c"].as_str()), (2, "b", "1"));
        assert!(object("{name: app}").labels.unwrap().is_empty());
        let many = |count: usize| {
            let labels: Vec<String> = (0..count).map(|number| format!("l{number}: a")).collect();
            object(&format!("{{labels: {{{}}}}}", labels.join(", "))).labels
        };
        assert_eq!((many(65).unwrap().len(), many(4097)), (65, None));
        for unknown in
            ["{labels: {a: 1}}", "{labels: [a]}", &format!("{{labels: {{a: {}}}}}", "b".repeat(64))]
        {
            assert_eq!(object(unknown).labels, None, "{unknown}");
        }
    }

    #[test]
    fn every_kind_that_makes_pods_is_read_with_every_sort_of_image() {
        let template = format!("spec: {{template: {{spec: {CONTAINERS}}}}}");
        let job = format!("spec: {{jobTemplate: {{{template}}}}}");
        for (version, kind, rest) in [
            ("v1", "Pod", format!("spec: {CONTAINERS}")),
            ("v1", "PodTemplate", format!("template: {{spec: {CONTAINERS}}}")),
            ("v1", "ReplicationController", template.clone()),
            ("apps/v1", "Deployment", template.clone()),
            ("apps/v1", "StatefulSet", template.clone()),
            ("apps/v1", "DaemonSet", template.clone()),
            ("apps/v1", "ReplicaSet", template.clone()),
            ("batch/v1", "Job", template.clone()),
            ("batch/v1", "CronJob", job),
            ("extensions/v1beta1", "Deployment", template.clone()),
            ("serving.knative.dev/v1", "Service", template.clone()),
            ("argoproj.io/v1alpha1", "Rollout", template.clone()),
        ] {
            assert_eq!(images(&object(version, kind, &rest)).unwrap(), ["i", "c", "e", "v"], "{kind}");
        }
    }

    #[test]
    fn lists_are_read_in_lists_and_their_elements_may_leave_the_kind_to_them() {
        let pod = |image: &str| format!("spec: {{containers: [{{image: {image}}}]}}");
        let whole = object("v1", "Pod", &pod("a"));
        let pods = object(
            "v1",
            "PodList",
            &format!("items: [{{{}}}, {}]", pod("b"), object("v1", "Pod", &pod("c"))),
        );
        let list = object("v1", "List", &format!("items: [{whole}, {pods}]"));
        assert_eq!(images(&list).unwrap(), ["a", "b", "c"]);
        assert_eq!(images(&object("v1", "List", "items: []")).unwrap(), [""; 0]);
        assert!(
            refusal(&object("v1", "List", &format!("items: [{{{}}}]", pod("b"))))
                .contains("neither apiVersion")
        );
        assert!(refusal(&object("v1", "List", "items: [a]")).contains("items[0] is not a Kubernetes object"));
        let deep = (0..10).fold(whole, |inner, _| object("v1", "List", &format!("items: [{inner}]")));
        assert!(refusal(&deep).contains("in more than 8 lists"));
    }

    #[test]
    fn kubectl_takes_everything_with_items_for_a_list_and_so_nothing_else_may_have_them() {
        let pod = object("v1", "Pod", "spec: {containers: [{image: a}]}");
        for kind in ["ConfigMap", "Pod", "Task"] {
            let hidden = object("v1", kind, &format!("items: [{pod}]"));
            let error = images_ignoring(&["Task"], &hidden).unwrap_err();
            assert!(error.contains("makes a list of it"), "{error}");
        }
    }

    #[test]
    fn built_in_kinds_without_pods_hold_no_images_and_their_names_in_another_group_do() {
        let rest = "data: {image: a}, spec: {versions: [{schema: {properties: {image: {type: string}}}}]}";
        for (version, kind) in [
            ("v1", "ConfigMap"),
            ("v1", "Service"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            ("networking.k8s.io/v1", "Ingress"),
        ] {
            assert_eq!(images(&object(version, kind, rest)).unwrap(), [""; 0]);
        }
        assert!(refusal(&object("evil/v1", "ConfigMap", rest)).contains("of a kind that is not known"));
        assert!(refusal(&object("v1", "Ingress", rest)).contains("of a kind that is not known"));
    }

    #[test]
    fn an_image_in_an_object_of_unknown_kind_is_refused_unless_the_kind_is_ignored() {
        let task = object("tekton.dev/v1", "Task", "spec: {steps: [{name: a, image: b}]}");
        let error = refusal(&task);
        assert!(error.starts_with("line 1, column 66: Task without a name: the key `image`"), "{error}");
        assert!(error.contains("--ignore-kind Task"), "{error}");
        for ignored in ["Task", "Task.tekton.dev"] {
            assert_eq!(images_ignoring(&[ignored], &task).unwrap(), [""; 0]);
        }
        assert!(images_ignoring(&["Task.dev", "TASK", "Pod"], &task).is_err());
        let aliased = object("example.org/v1", "A", "spec: {a: &x [{Image: {tag: b}}], c: *x}");
        assert!(refusal(&aliased).contains("the key `Image`"));
        assert_eq!(
            images(&object("example.org/v1", "A", "spec: {images: [a], imageName: b}")).unwrap(),
            [""; 0]
        );
    }

    #[test]
    fn an_image_beside_the_pod_template_of_a_custom_kind_is_refused() {
        let template = "template: {spec: {containers: [{image: a}]}}";
        let rollout =
            |more: &str| object("argoproj.io/v1alpha1", "Rollout", &format!("spec: {{{template}{more}}}"));
        assert_eq!(images(&rollout("")).unwrap(), ["a"]);
        assert!(refusal(&rollout(", canary: {image: b}")).contains("of a kind that is not known"));
        assert_eq!(images_ignoring(&["Rollout"], &rollout("")).unwrap(), [""; 0]);
        let text =
            object("external-secrets.io/v1", "ExternalSecret", "spec: {template: a, target: {template: b}}");
        assert_eq!(images(&text).unwrap(), [""; 0]);
    }

    #[test]
    fn a_template_of_a_custom_kind_that_is_no_pod_needs_no_containers() {
        for text in [
            object("argoproj.io/v1alpha1", "ApplicationSet", "spec: {template: {spec: {project: shop}}}"),
            object("cluster.x-k8s.io/v1beta1", "MachineDeployment", "spec: {template: {spec: {}}}"),
            object("argoproj.io/v1alpha1", "Rollout", "spec: {workloadRef: {kind: Deployment, name: app}}"),
        ] {
            assert_eq!(images(&text).unwrap(), [""; 0], "{text}");
        }
        let empty = object("a.example/v1", "A", "spec: {template: {spec: {containers: []}}}");
        assert_eq!(images_ignoring(&["A"], &empty).unwrap(), [""; 0]);
    }

    #[test]
    fn a_built_in_kind_is_read_even_where_it_is_to_be_ignored() {
        let pod = object("v1", "Pod", "spec: {containers: [{image: a}]}");
        assert_eq!(images_ignoring(&["Pod"], &pod).unwrap(), ["a"]);
    }

    #[test]
    fn what_says_nothing_of_its_images_is_refused() {
        for (text, reason) in [
            ("{apiVersion: v1, kind: Pod}", "has no spec"),
            ("{apiVersion: v1, kind: Pod, spec: []}", "spec is not a mapping"),
            ("{apiVersion: v1, kind: Pod, spec: {}}", "has no containers"),
            ("{apiVersion: v1, kind: Pod, spec: {containers: null}}", "has no containers"),
            ("{apiVersion: v1, kind: Pod, spec: {containers: []}}", "has no containers"),
            ("{apiVersion: v1, kind: Pod, spec: {containers: {image: a}}}", "spec.containers is not a list"),
            ("{apiVersion: v1, kind: Pod, spec: {containers: [a]}}", "spec.containers[0] is not a mapping"),
            (
                "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}",
                "spec.containers[0] has no image",
            ),
            (
                "{apiVersion: v1, kind: Pod, spec: {volumes: [{image: {}}]}}",
                "spec.volumes[0].image has no reference",
            ),
            ("{apiVersion: v1, kind: Pod, spec: {initContainers: [{image: a}]}}", "spec has no containers"),
            (
                "{apiVersion: v1, kind: Pod, spec: {containers: [], volumes: [{image: {reference: a}}]}}",
                "spec has no containers",
            ),
            (
                "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, spec: {template: {spec: {}}}}",
                "spec.template.spec has no containers",
            ),
            (
                "{apiVersion: serving.knative.dev/v1, kind: Service, spec: {template: {spec: {}}}}",
                "spec.template.spec has no containers",
            ),
            (
                "{apiVersion: a.example/v1, kind: A, spec: {template: {spec: {initContainers: [{image: a}]}}}}",
                "spec.template.spec has no containers",
            ),
            (
                "{apiVersion: a.example/v1, kind: A, spec: {template: {spec: {containers: null}}}}",
                "spec.template.spec has no containers",
            ),
            ("{apiVersion: apps/v1, kind: Deployment, spec: {}}", "has no spec.template.spec"),
            ("{kind: Pod}", "no apiVersion"),
            ("{apiVersion: v1}", "no kind"),
            ("{}", "neither apiVersion nor kind"),
            ("a", "not a mapping"),
            ("[]", "not a mapping"),
            ("{apiVersion: a/b/c, kind: Pod}", "more than one `/`"),
            ("{apiVersion: v1, kind: 'a b'}", "letters and digits"),
            ("{apiVersion: v1, kind: [Pod]}", "kind is not text"),
            ("{apiVersion: v1, kind: ConfigMap, metadata: {namespace: 1}}", "metadata.namespace is `1`"),
        ] {
            assert!(refusal(text).contains(reason), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn a_key_that_differs_in_case_only_is_refused_where_an_image_could_be() {
        for text in [
            "{apiVersion: v1, kind: Pod, Kind: Secret, spec: {containers: [{image: a}]}}",
            "{apiVersion: v1, kind: Secret, Items: []}",
            "{apiVersion: v1, kind: Pod, spec: {containers: [{image: a}]}, Spec: {}}",
            "{apiVersion: v1, kind: Pod, spec: {containers: [{image: a}], initcontainers: []}}",
            "{apiVersion: v1, kind: Pod, spec: {containers: [{image: a, IMAGE: b}]}}",
            "{apiVersion: v1, \u{212a}ind: Pod, kind: Secret}",
            "{apiVersion: v1, kind: Pod, \u{17f}pec: {}, spec: {containers: [{image: a}]}}",
        ] {
            assert!(refusal(text).contains("in case only"), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn an_image_that_is_no_text_or_no_reference_is_refused() {
        for (image, reason) in [
            ("1.2", "put it in quotes"),
            ("0x1f", "put it in quotes"),
            ("on", "put it in quotes"),
            ("2001-12-14", "put it in quotes"),
            ("''", "not an image reference"),
            ("[a]", "is not text"),
            ("{a: b}", "is not text"),
            ("null", "has no image"),
            ("\"a\\n\"", "several lines"),
            ("'a b'", "not an image reference"),
            ("' a'", "not an image reference"),
            ("'{{ image }}'", "not an image reference"),
            ("oci:latest", "docker.io/library/oci"),
        ] {
            let text = object("v1", "Pod", &format!("spec: {{containers: [{{image: {image}}}]}}"));
            assert!(refusal(&text).contains(reason), "{image}: {}", refusal(&text));
        }
        for block in ["|\n     a\n", "|-\n     a\n", ">-\n     a\n"] {
            let text = format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {block}");
            assert!(refusal(&text).contains("write it on one line"), "{}", refusal(&text));
        }
        let tagged = object("v1", "Pod", "spec: {containers: [{image: !!str 12}, {image: '12'}]}");
        assert_eq!(images(&tagged).unwrap(), ["12", "12"]);
    }

    #[test]
    fn aliases_are_followed_and_may_not_multiply_without_end() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- &p\n  apiVersion: v1\n  kind: Pod\n  spec:\n    \
                    containers: &c\n    - image: &i a\n    - image: *i\n    initContainers: *c\n- *p\n";
        assert_eq!(images(text).unwrap(), ["a"; 8]);
        let containers = (0..100).map(|_| "{image: a}").collect::<Vec<_>>().join(",");
        let pod = object("v1", "Pod", &format!("spec: {{containers: [{containers}]}}"));
        let many = vec!["*p"; IMAGE_LIMIT / 100].join(",");
        let error = refusal(&object("v1", "List", &format!("items: [&p {pod}, {many}]")));
        assert!(error.contains("more than 10000 images"), "{error}");
        let labels = (0..1000).map(|n| format!("l{n}: a")).collect::<Vec<_>>().join(",");
        for kind in ["v1, kind: Secret", "example.org/v1, kind: A"] {
            let one = format!("&s {{apiVersion: {kind}, metadata: {{labels: {{{labels}}}}}, {labels}}}");
            let many = vec!["*s"; 10_000].join(",");
            let text = object("v1", "List", &format!("items: [{one}, {many}]"));
            assert!(refusal(&text).contains("as aliases repeat them"));
        }
    }
}
