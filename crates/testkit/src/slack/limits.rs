//! What Slack documents about blocks, as a table, and what a payload does against it.
//!
//! Characters are counted as UTF-16 units, the strictest reading.

use serde_json::Value;

const BLOCKS: usize = 50;
const SECTION_TEXT: usize = 3000;
const FIELDS: usize = 10;
const FIELD_TEXT: usize = 2000;
const HEADER_TEXT: usize = 150;
const CONTEXT_ELEMENTS: usize = 10;
const CONTEXT_TEXT: usize = 3000;
const ACTIONS: usize = 25;
const BUTTON_TEXT: usize = 75;
const BUTTON_VALUE: usize = 2000;
const BUTTON_URL: usize = 3000;
const ACTION_ID: usize = 255;
const BLOCK_ID: usize = 255;
const ACCESSIBILITY_LABEL: usize = 75;
const CONFIRM_TITLE: usize = 100;
const CONFIRM_TEXT: usize = 300;
const CONFIRM_BUTTON: usize = 30;
const STYLES: [&str; 2] = ["primary", "danger"];

const PLAIN: &[&str] = &["plain_text"];
const ANY: &[&str] = &["plain_text", "mrkdwn"];

/// What is wrong with these blocks, in Slack's way of saying it; empty when nothing is.
pub fn violations(blocks: &Value) -> Vec<String> {
    let mut check = Check::default();
    match blocks.as_array() {
        None => check.fail("", "must be an array"),
        Some(blocks) => {
            check.count("", blocks.len(), BLOCKS, "blocks");
            for (index, block) in blocks.iter().enumerate() {
                check.block(&format!("/{index}"), block);
            }
            let ids: Vec<_> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
            check.unique("", &ids, "block_id");
        }
    }
    check.found
}

#[derive(Default)]
struct Check {
    found: Vec<String>,
}

impl Check {
    fn fail(&mut self, at: &str, what: &str) {
        self.found.push(format!("[ERROR] {what} [json-pointer:/blocks{at}]"));
    }

    fn count(&mut self, at: &str, found: usize, most: usize, what: &str) {
        if found > most {
            self.fail(at, &format!("no more than {most} items allowed ({what})"));
        }
    }

    fn length(&mut self, at: &str, text: &str, most: usize) {
        let units = text.encode_utf16().count();
        if units == 0 {
            self.fail(at, "must be more than 0 characters");
        } else if units > most {
            self.fail(at, &format!("must be less than {} characters", most + 1));
        }
    }

    fn unique(&mut self, at: &str, ids: &[&str], what: &str) {
        for (index, id) in ids.iter().enumerate() {
            if ids.iter().take(index).any(|before| before == id) {
                self.fail(at, &format!("`{what}` {id} already exists"));
            }
        }
    }

    /// A field that holds a string within its limit, if it is there.
    fn string(&mut self, at: &str, object: &Value, key: &str, most: usize) {
        match object.get(key) {
            None => {}
            Some(Value::String(text)) => self.length(&format!("{at}/{key}"), text, most),
            Some(_) => self.fail(&format!("{at}/{key}"), "must be a string"),
        }
    }

    /// A text object of one of these types, within its limit.
    fn text(&mut self, at: &str, object: &Value, types: &[&str], most: usize) {
        let kind = object["type"].as_str().unwrap_or_default();
        if !types.contains(&kind) {
            self.fail(at, &format!("unsupported type: {kind:?}"));
            return;
        }
        match object["text"].as_str() {
            Some(text) => self.length(&format!("{at}/text"), text, most),
            None => self.fail(&format!("{at}/text"), "missing required field: text"),
        }
        let known = if kind == "mrkdwn" { "verbatim" } else { "emoji" };
        self.only(at, object, &["type", "text", known]);
    }

    fn only(&mut self, at: &str, object: &Value, known: &[&str]) {
        let keys = object.as_object().into_iter().flatten().map(|(key, _)| key);
        for key in keys.filter(|key| !known.contains(&key.as_str())) {
            self.fail(at, &format!("invalid additional property: {key}"));
        }
    }

    fn block(&mut self, at: &str, block: &Value) {
        self.string(at, block, "block_id", BLOCK_ID);
        match block["type"].as_str().unwrap_or_default() {
            "header" => {
                self.only(at, block, &["type", "block_id", "text"]);
                self.text(&format!("{at}/text"), &block["text"], PLAIN, HEADER_TEXT);
            }
            "section" => self.section(at, block),
            "context" => self.context(at, block),
            "actions" => self.actions(at, block),
            "divider" => self.only(at, block, &["type", "block_id"]),
            kind => self.fail(at, &format!("unsupported type: {kind:?}")),
        }
    }

    fn section(&mut self, at: &str, block: &Value) {
        self.only(at, block, &["type", "block_id", "text", "fields", "accessory", "expand"]);
        if block.get("text").is_none() && block.get("fields").is_none() {
            self.fail(at, "missing required field: text or fields");
        }
        if let Some(text) = block.get("text") {
            self.text(&format!("{at}/text"), text, ANY, SECTION_TEXT);
        }
        let Some(fields) = block.get("fields") else { return };
        let fields = fields.as_array().cloned().unwrap_or_default();
        if fields.is_empty() {
            self.fail(&format!("{at}/fields"), "no less than 1 item allowed");
        }
        self.count(&format!("{at}/fields"), fields.len(), FIELDS, "fields");
        for (index, field) in fields.iter().enumerate() {
            self.text(&format!("{at}/fields/{index}"), field, ANY, FIELD_TEXT);
        }
    }

    fn context(&mut self, at: &str, block: &Value) {
        self.only(at, block, &["type", "block_id", "elements"]);
        let elements = self.elements(at, block, CONTEXT_ELEMENTS);
        for (index, element) in elements.iter().enumerate() {
            self.text(&format!("{at}/elements/{index}"), element, ANY, CONTEXT_TEXT);
        }
    }

    fn actions(&mut self, at: &str, block: &Value) {
        self.only(at, block, &["type", "block_id", "elements"]);
        let elements = self.elements(at, block, ACTIONS);
        for (index, element) in elements.iter().enumerate() {
            self.button(&format!("{at}/elements/{index}"), element);
        }
        let ids: Vec<_> = elements.iter().filter_map(|element| element["action_id"].as_str()).collect();
        self.unique(at, &ids, "action_id");
    }

    fn elements(&mut self, at: &str, block: &Value, most: usize) -> Vec<Value> {
        let elements = block["elements"].as_array().cloned().unwrap_or_default();
        let at = format!("{at}/elements");
        if elements.is_empty() {
            self.fail(&at, "no less than 1 item allowed");
        }
        self.count(&at, elements.len(), most, "elements");
        elements
    }

    fn button(&mut self, at: &str, button: &Value) {
        if button["type"] != "button" {
            self.fail(at, "unsupported type: only buttons are used here");
            return;
        }
        let known = ["type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"];
        self.only(at, button, &known);
        self.text(&format!("{at}/text"), &button["text"], PLAIN, BUTTON_TEXT);
        self.string(at, button, "action_id", ACTION_ID);
        self.string(at, button, "value", BUTTON_VALUE);
        self.string(at, button, "url", BUTTON_URL);
        self.string(at, button, "accessibility_label", ACCESSIBILITY_LABEL);
        if button.get("style").is_some_and(|style| !style.as_str().is_some_and(|style| STYLES.contains(&style))) {
            self.fail(&format!("{at}/style"), "must be primary or danger");
        }
        if let Some(url) = button["url"].as_str()
            && !url.starts_with("https://")
            && !url.starts_with("http://")
        {
            self.fail(&format!("{at}/url"), "must be a valid URL");
        }
        if let Some(confirm) = button.get("confirm") {
            self.confirm(&format!("{at}/confirm"), confirm);
        }
    }

    fn confirm(&mut self, at: &str, confirm: &Value) {
        self.only(at, confirm, &["title", "text", "confirm", "deny", "style"]);
        self.text(&format!("{at}/title"), &confirm["title"], PLAIN, CONFIRM_TITLE);
        self.text(&format!("{at}/text"), &confirm["text"], ANY, CONFIRM_TEXT);
        self.text(&format!("{at}/confirm"), &confirm["confirm"], PLAIN, CONFIRM_BUTTON);
        self.text(&format!("{at}/deny"), &confirm["deny"], PLAIN, CONFIRM_BUTTON);
    }
}

#[cfg(test)]
mod tests;
