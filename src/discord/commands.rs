//! The slash commands, as typed enums: what is registered and what is read come from one definition.
//!
//! A doc comment is the description that people see.

use serenity::all::{CommandDataOptionValue, CommandOptionType, CreateCommand, CreateCommandOption, UserId};
use serenity_commands::{BasicOption, Command, Commands, Error, SubCommandGroup};

/// The name of the message menu that takes a message into the timeline.
pub const ADD_TO_TIMELINE: &str = "Add to timeline";

/// Every slash command.
#[derive(Debug, Commands)]
pub enum All {
    /// Run an incident
    Incident(Incident),
    /// Call somebody now
    Page(Page),
    /// Take the page that rings you
    Ack(Ack),
    /// Who is on call
    Oncall(Oncall),
    /// Status updates
    Comms(Comms),
}

/// `/incident`.
#[derive(Debug, Command)]
pub enum Incident {
    /// Open an incident; shows who will be paged before it does
    Declare {
        /// What is wrong; leave all out for a form
        title: Option<String>,
        /// How bad it is
        severity: Option<SeverityChoice>,
        /// What kind of trouble it is
        category: Option<CategoryChoice>,
        /// What it is about, such as model:fraud-score@14
        subject: Option<String>,
        /// Whom to page in place of the team's own rota
        rota: Option<Completed>,
    },
    /// Change the severity; raising it pages again
    Severity {
        /// The new severity
        level: SeverityChoice,
        /// Why
        reason: String,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Go on to another phase
    Phase {
        /// The new phase
        to: PhaseChoice,
        /// What to say about it; needed to reopen
        note: Option<String>,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Give a role to somebody
    Assign {
        /// Which role
        role: RoleChoice,
        /// To whom
        user: UserId,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Take a role yourself
    Take {
        /// Which role
        role: RoleChoice,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Report conditions, actions and needs to the room
    Report {
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// The timeline
    Timeline(Timeline),
    /// It is over
    Resolve {
        /// How you know
        note: Option<String>,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Nothing more will be done here
    Close {
        /// Why
        reason: CloseChoice,
        /// What to say about it
        note: Option<String>,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Where an incident stands
    Info {
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// The incidents
    List {
        /// Which ones; the open ones if left out
        show: Option<ListChoice>,
    },
}

/// `/incident timeline`.
#[derive(Debug, SubCommandGroup)]
pub enum Timeline {
    /// Add a line
    Add {
        /// What happened
        text: String,
        /// When, such as 14:05 (UTC) or -20m; now if left out
        at: Option<String>,
        /// The number of the entry that this corrects
        corrects: Option<i64>,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Read it
    List {
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
    /// Get it as a file
    Export {
        /// The format; Markdown if left out
        format: Option<FormatChoice>,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
}

/// `/page`.
#[derive(Debug, Command)]
pub struct Page {
    /// A rota or a person
    pub target: Completed,
    /// What you need
    pub message: Option<String>,
    /// Which incident; this room's if left out
    pub incident: Option<Completed>,
}

/// `/ack`.
#[derive(Debug, Command)]
pub struct Ack {
    /// Which incident; the one that rings you if left out
    pub incident: Option<Completed>,
}

/// `/oncall`.
#[derive(Debug, Command)]
pub enum Oncall {
    /// Who is on call, until when, and who is next
    Now {
        /// Which rota; all if left out
        rota: Option<Completed>,
    },
}

/// `/comms`.
#[derive(Debug, Command)]
pub enum Comms {
    /// Draft an internal and an external update for the liaison
    Draft {
        /// Only for this audience
        audience: Option<Completed>,
        /// Which incident; this room's if left out
        incident: Option<Completed>,
    },
}

/// A text that is completed while it is typed.
#[derive(Debug, Clone)]
pub struct Completed(pub String);

impl BasicOption for Completed {
    type Partial = Self;

    fn create_option(name: impl Into<String>, description: impl Into<String>) -> CreateCommandOption {
        CreateCommandOption::new(CommandOptionType::String, name, description).required(true).set_autocomplete(true)
    }

    fn from_value(value: Option<&CommandDataOptionValue>) -> Result<Self, Error> {
        String::from_value(value).map(Self)
    }
}

/// A choice among the words of an enum of the domain.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident of $type:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name(pub $type);

        impl BasicOption for $name {
            type Partial = String;

            fn create_option(name: impl Into<String>, description: impl Into<String>) -> CreateCommandOption {
                <$type>::ALL.iter().fold(
                    CreateCommandOption::new(CommandOptionType::String, name, description).required(true),
                    |option, choice| {
                        option.add_string_choice(choice.to_string(), choice.to_string().replace(' ', "_"))
                    },
                )
            }

            fn from_value(value: Option<&CommandDataOptionValue>) -> Result<Self, Error> {
                let word = String::from_value(value)?;
                word.parse().map(Self).map_err(|_| Error::UnknownChoice(word))
            }
        }
    };
}

choice!(
    /// A severity.
    SeverityChoice of crate::domain::alert::Severity
);
choice!(
    /// A category.
    CategoryChoice of crate::domain::alert::Category
);
choice!(
    /// A phase.
    PhaseChoice of crate::domain::incident::Phase
);
choice!(
    /// A role.
    RoleChoice of crate::domain::incident::Role
);
choice!(
    /// A reason to close.
    CloseChoice of crate::domain::incident::CloseReason
);
choice!(
    /// Which incidents to list.
    ListChoice of Show
);
choice!(
    /// The format of an export.
    FormatChoice of Format
);

crate::domain::alert::words! {
    /// Which incidents to list.
    Show, "open or all" {
        /// Those that go on.
        Open = "open",
        /// All.
        All = "all",
    }
}

crate::domain::alert::words! {
    /// The format of an export.
    Format, "markdown or json" {
        /// For people.
        Markdown = "markdown",
        /// For programs.
        Json = "json",
    }
}

/// What is registered with Discord, as JSON: every slash command and menu.
pub fn registration() -> serde_json::Value {
    let mut commands: Vec<serde_json::Value> =
        All::create_commands().iter().map(|command: &CreateCommand| json_of(command)).collect();
    commands.push(serde_json::json!({ "name": ADD_TO_TIMELINE, "type": 3 }));
    serde_json::Value::Array(commands)
}

fn json_of(command: &CreateCommand) -> serde_json::Value {
    let mut value = serde_json::to_value(command).unwrap_or_default();
    tidy(&mut value);
    value
}

/// serenity-commands keeps a doc comment's leading space, and leaves required options where they stand.
fn tidy(value: &mut serde_json::Value) {
    if let Some(description) = value.get("description").and_then(serde_json::Value::as_str) {
        value["description"] = serde_json::json!(description.trim());
    }
    if let Some(options) = value.get_mut("options").and_then(serde_json::Value::as_array_mut) {
        options.iter_mut().for_each(tidy);
        options.sort_by_key(|option| !option["required"].as_bool().unwrap_or(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_registered_is_what_discord_takes() {
        let commands = registration();
        insta::assert_snapshot!(outline(&commands));
    }

    /// The commands as a tree of names and descriptions.
    fn outline(value: &serde_json::Value) -> String {
        fn walk(value: &serde_json::Value, depth: usize, out: &mut String) {
            let required = if value["required"] == true { " (required)" } else { "" };
            let completed = if value["autocomplete"] == true { " (completed)" } else { "" };
            let description = value["description"].as_str().unwrap_or_default();
            out.push_str(&format!(
                "{:indent$}{}{required}{completed}: {description}\n",
                "",
                value["name"].as_str().unwrap_or_default(),
                indent = depth * 2
            ));
            let choices: Vec<&str> = value["choices"]
                .as_array()
                .map(|choices| choices.iter().filter_map(|choice| choice["name"].as_str()).collect())
                .unwrap_or_default();
            if !choices.is_empty() {
                out.push_str(&format!("{:indent$}= {}\n", "", choices.join(" | "), indent = depth * 2 + 2));
            }
            for option in value["options"].as_array().into_iter().flatten() {
                walk(option, depth + 1, out);
            }
        }
        let mut out = String::new();
        for command in value.as_array().into_iter().flatten() {
            walk(command, 0, &mut out);
        }
        out
    }
}
