//! A message as Block Kit. Everything is clipped and escaped here, so that Slack never refuses what people should read.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::limits::{self, marked, plain, units};
use crate::hex::hex;
use crate::{Button, ButtonStyle, CommitText, Confirm, Field, Message, Mood};

/// Commits that are shown by name.
const COMMITS: usize = 5;
/// Paragraphs that are shown.
const PARAGRAPHS: usize = 8;
/// A line of a list or of a log.
const LINE: usize = 200;
/// A field stays readable in a column.
const COLUMN: usize = 300;
const _: () = assert!(COLUMN < limits::FIELD);

/// `text` and `blocks` of a message.
pub(super) fn render(message: &Message) -> (String, Value) {
    let mut blocks = Vec::new();
    if !message.header.is_empty() {
        let header = format!("{}{}", mark(message.mood), message.header);
        blocks.push(json!({"type": "header", "text": plain_text(&header, limits::HEADER)}));
    }
    for paragraph in message.paragraphs.iter().take(PARAGRAPHS) {
        blocks.push(section(marked(paragraph, limits::SECTION)));
    }
    blocks.extend(fields(&message.fields));
    blocks.extend(commits(&message.commits));
    blocks.extend(log(&message.log));
    if let Some(steps) = &message.steps {
        blocks.push(context(steps));
    }
    blocks.extend(actions(message));
    if let Some(footer) = &message.footer {
        blocks.push(context(footer));
    }
    blocks.truncate(limits::BLOCKS);
    let text = format!("{}{}", mark(message.mood), message.summary);
    (marked(&text, limits::TEXT), Value::Array(blocks))
}

/// The mood's shape, which says it without colour.
fn mark(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "✔ ",
        Mood::Bad => "✖ ",
        Mood::Attention => "⚠ ",
        Mood::Neutral | Mood::Question | Mood::Running => "",
    }
}

fn section(marked: String) -> Value {
    json!({"type": "section", "text": markup(marked)})
}

fn context(text: &str) -> Value {
    json!({"type": "context", "elements": [markup(marked(text, limits::CONTEXT))]})
}

/// `verbatim`: Slack makes no links, channels or mentions out of plain words.
fn markup(marked: String) -> Value {
    json!({"type": "mrkdwn", "text": marked, "verbatim": true})
}

fn plain_text(text: &str, limit: usize) -> Value {
    json!({"type": "plain_text", "text": plain(text, limit), "emoji": false})
}

fn fields(fields: &[Field]) -> Option<Value> {
    let fields: Vec<_> = fields.iter().take(limits::FIELDS).map(field).collect();
    (!fields.is_empty()).then(|| json!({"type": "section", "fields": fields}))
}

fn field(field: &Field) -> Value {
    let (label, value) = (marked(&field.label, LINE), marked(&field.value, COLUMN));
    let linked = field.url.as_deref().and_then(safe_url).map(|url| format!("*{label}*\n<{url}|{value}>"));
    let plain = || format!("*{label}*\n{value}");
    markup(linked.filter(|text| units(text) <= limits::FIELD).unwrap_or_else(plain))
}

fn commits(commits: &[CommitText]) -> Option<Value> {
    let line = |commit: &CommitText| {
        format!("• {} ({})", marked(&first_line(&commit.subject), LINE), marked(&first_line(&commit.author), LINE))
    };
    let mut lines: Vec<_> = commits.iter().take(COMMITS).map(line).collect();
    if lines.is_empty() {
        return None;
    }
    lines.insert(0, marked(crate::wording::COMMITS_GO_ALONG, LINE));
    if commits.len() > COMMITS {
        lines.push(format!("_and {} more_", commits.len() - COMMITS));
    }
    Some(section(lines.join("\n")))
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().to_owned()
}

/// As many of the last lines as fit, the newest last.
fn log(lines: &[String]) -> Option<Value> {
    const FENCE: &str = "```";
    let room = limits::SECTION - 2 * FENCE.len();
    let (mut shown, mut taken) = (Vec::new(), 0);
    for line in lines.iter().rev() {
        let line = marked(&line.replace(FENCE, "'''"), LINE);
        taken += units(&line) + 1;
        if taken > room {
            break;
        }
        shown.push(line);
    }
    shown.reverse();
    (!shown.is_empty()).then(|| section(format!("{FENCE}{}{FENCE}", shown.join("\n"))))
}

fn actions(message: &Message) -> Option<Value> {
    let elements: Vec<_> = message.buttons.iter().filter_map(button).take(limits::ACTIONS).collect();
    // A new id at each change, as Slack wants it: it keeps what people did to a block of the same id.
    (!elements.is_empty()).then(|| json!({"type": "actions", "block_id": block_id(message), "elements": elements}))
}

fn block_id(message: &Message) -> String {
    let hash = Sha256::digest(format!("{message:?}"));
    format!("actions-{}", hex(&hash[..8]))
}

/// None when its address can't be one that is safe to open.
fn button(button: &Button) -> Option<Value> {
    let mut element = json!({
        "type": "button",
        "action_id": button.action.id(),
        "text": plain_text(&button.label, limits::BUTTON),
        "accessibility_label": plain(&button.spoken, limits::SPOKEN),
    });
    match button.style {
        ButtonStyle::Plain => {}
        ButtonStyle::Primary => element["style"] = json!("primary"),
        ButtonStyle::Danger => element["style"] = json!("danger"),
    }
    if let Some(value) = &button.value {
        element["value"] = json!(value.to_string());
    }
    if let Some(confirm) = &button.confirm {
        element["confirm"] = question(confirm);
    }
    if let Some(url) = &button.url {
        let url = web_address(url).filter(|url| units(url) <= limits::URL)?;
        element["url"] = json!(url);
    }
    Some(element)
}

fn question(confirm: &Confirm) -> Value {
    json!({
        "title": plain_text(&confirm.title, limits::CONFIRM_TITLE),
        "text": plain_text(&confirm.text, limits::CONFIRM_TEXT),
        "confirm": plain_text(&confirm.yes, limits::CONFIRM_BUTTON),
        "deny": plain_text(&confirm.no, limits::CONFIRM_BUTTON),
    })
}

/// An address of the web in its normal form; nothing else is made a link of.
fn web_address(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.to_string())
}

/// An address that can stand inside Slack's `<address|text>`.
fn safe_url(text: &str) -> Option<String> {
    let url = web_address(text)?.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E");
    Some(url.replace('&', "&amp;"))
}

#[cfg(test)]
mod tests;
