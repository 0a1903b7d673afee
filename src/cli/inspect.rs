//! `countersign inspect`.

use std::fmt::Write as _;

use clap::Args;

use super::args::{PlaceArgs, Shared, image};
use super::context::Context;
use super::error::{Exit, Failure};
use super::output::{Output, Tone};
use super::report::claims_text;
use crate::flow::inspect::{Attached, Inspection, Kind, inspect};
use crate::flow::verify::resolve;
use crate::model::escape_untrusted;

/// Show what is attached to an image; verifies nothing
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Image: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    #[arg(value_name = "IMAGE")]
    image: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

pub(super) async fn run(args: &mut InspectArgs, context: &Context, output: &Output) -> Result<Exit, Failure> {
    let registries = &mut args.shared.registry;
    let image = image(args.image.as_ref(), &mut [&mut registries.plain_http, &mut registries.mirror])?;
    let place = args.place.place(image.repository())?;
    let (pinned, _) = resolve(&context.registry, &image).await?;
    let inspection = inspect(&context.registry, &pinned, &[place]).await?;
    output.result(&inspection, || tree(&inspection, output))?;
    Ok(if inspection.unreachable.is_empty() { Exit::Done } else { Exit::Undecided })
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.
fn tree(inspection: &Inspection, output: &Output) -> String {
    let mut text = format!("{}\n", output.tone(Tone::Strong, &inspection.reference));
    let _ = writeln!(text, "{}, {} bytes; {}", inspection.media_type, inspection.size, inspection.note);
    for child in &inspection.children {
        let platform = child.platform.as_deref().unwrap_or("no platform");
        let _ = writeln!(text, "├─ {} {}", child.digest, output.tone(Tone::Faint, platform));
    }
    for attached in &inspection.attached {
        attached_text(&mut text, attached, output);
    }
    if inspection.attached.is_empty() && inspection.unreachable.is_empty() {
        text.push_str("└─ nothing is attached\n");
    }
    for remark in &inspection.unreachable {
        let label = output.tone(Tone::Unsure, "unreachable");
        let _ = writeln!(text, "├─ {label} {}: {}", remark.place, remark.reason);
    }
    text
}

fn attached_text(text: &mut String, attached: &Attached, output: &Output) {
    let (word, tone) = match attached.kind {
        Kind::Signature => ("signature", Tone::Strong),
        Kind::Other => ("other", Tone::Faint),
        Kind::Invalid => ("invalid", Tone::Bad),
    };
    let mut facts: Vec<String> = Vec::new();
    facts.extend(attached.format.map(|format| format.to_string()));
    facts.extend(attached.size.map(|size| format!("{size} bytes")));
    facts.extend(attached.key_hint.as_ref().map(|hint| format!("key hint {}", escape_untrusted(hint))));
    facts.extend(attached.reason.clone());
    let _ = writeln!(text, "├─ {} {}: {}", output.tone(tone, word), attached.place, facts.join(", "));
    if let Some(claims) = &attached.claims {
        claims_text(text, claims);
    }
}
