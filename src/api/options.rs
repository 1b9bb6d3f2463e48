//! What a command line says of the API, and the tokens that it is guarded by.

use std::path::PathBuf;

use clap::Args;

use super::Address;

/// The environment's variable with the token, where no file is given.
pub const TOKEN_VARIABLE: &str = "FAULTBOARD_TOKEN";

/// What the command line says about the API; the lines on its fields are what `--help` shows.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Control API")]
pub struct ApiArgs {
    /// Listen for programs that drive the desk, as toxiproxy's clients do, or watch and drive it under /faultboard/v1; ADDR is IP:PORT, PORT or unix:PATH [default: 127.0.0.1:8474]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true,
          default_missing_value = "127.0.0.1:8474", value_parser = Address::parse)]
    pub api: Option<Address>,
    /// File with the token that a request must carry; a second line is one that only reads. `FAULTBOARD_TOKEN` is another place for it
    #[arg(long, value_name = "FILE")]
    pub api_token_file: Option<PathBuf>,
    /// Let other machines in without a token
    #[arg(long)]
    pub api_open: bool,
    /// Let faults be changed, but no proxy be made, moved or removed
    #[arg(long)]
    pub api_fixed: bool,
    /// Let everything be read, and nothing be changed
    #[arg(long)]
    pub api_read_only: bool,
    /// A name by which this machine may be asked, where it is no local one (repeatable)
    #[arg(long, value_name = "NAME")]
    pub api_host: Vec<String>,
}

/// What a request must carry to be admitted; none where nothing is asked for. It prints as nothing.
#[derive(Clone, Default)]
pub struct Tokens {
    /// Of who may do everything.
    pub operator: Option<String>,
    /// Of who may read.
    pub viewer: Option<String>,
}

// === impl ApiArgs ===

impl ApiArgs {
    /// These options together with those that stand later.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        // Taken apart, so that none is forgotten.
        let Self {
            api,
            api_token_file,
            api_open,
            api_fixed,
            api_read_only,
            api_host,
        } = later;
        self.api = api.or(self.api);
        self.api_token_file = api_token_file.or(self.api_token_file);
        self.api_open |= api_open;
        self.api_fixed |= api_fixed;
        self.api_read_only |= api_read_only;
        self.api_host.extend(api_host);
        self
    }

    /// The first option that says how the API behaves, where there is none.
    #[must_use]
    pub fn of_no_api(&self) -> Option<&'static str> {
        let given = [
            ("--api-token-file", self.api_token_file.is_some()),
            ("--api-open", self.api_open),
            ("--api-fixed", self.api_fixed),
            ("--api-read-only", self.api_read_only),
            ("--api-host", !self.api_host.is_empty()),
        ];
        let given = given.into_iter().find(|(_, given)| *given);
        given.filter(|_| self.api.is_none()).map(|(name, _)| name)
    }

    /// Why the API may not listen there: whoever reaches the address could do everything.
    #[must_use]
    pub fn unguarded(&self, tokens: &Tokens) -> Option<String> {
        let addr = self.api.as_ref().filter(|addr| !addr.is_local())?;
        let guarded = self.api_open || tokens.operator.is_some();
        (!guarded).then(|| {
            format!(
                "--api {addr} would let every machine that reaches it in: give --api-token-file FILE or \
                 {TOKEN_VARIABLE}, a loopback address such as {}, or --api-open to have it so",
                Address::default()
            )
        })
    }
}

// === impl Tokens ===

impl Tokens {
    /// Reads tokens as their file has them, a line each.
    ///
    /// # Errors
    /// There is none, or one that no header can carry.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut lines = lines.map(str::to_owned);
        let operator = Some(
            lines
                .next()
                .ok_or("it is empty: a token is its first line")?,
        );
        let tokens = Self {
            operator,
            viewer: lines.next(),
        };
        let all = tokens.operator.iter().chain(&tokens.viewer);
        let fits = |token: &String| token.bytes().all(|byte| (0x21..=0x7E).contains(&byte));
        if !all.into_iter().all(fits) {
            return Err("a token is of letters, digits and signs of ASCII, without blanks");
        }
        Ok(tokens)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_address_than_this_machines_own_wants_a_token_or_the_word_open() {
        let token = Tokens::parse("secret").expect("a token");
        let none = Tokens::default();
        for (addr, open, tokens, refused) in [
            ("127.0.0.1:8474", false, &none, false),
            ("unix:/tmp/a", false, &none, false),
            ("0.0.0.0:8474", false, &none, true),
            ("0.0.0.0:8474", true, &none, false),
            ("0.0.0.0:8474", false, &token, false),
        ] {
            let args = ApiArgs {
                api: Address::parse(addr).ok(),
                api_open: open,
                ..ApiArgs::default()
            };
            assert_eq!(args.unguarded(tokens).is_some(), refused, "{addr}");
        }
    }

    #[test]
    fn a_token_is_a_line_and_never_printed() {
        let tokens = Tokens::parse("one\n\n two \nthree\n").expect("tokens");
        assert_eq!(tokens.operator.as_deref(), Some("one"));
        assert_eq!(tokens.viewer.as_deref(), Some("two"));
        assert_eq!(format!("{tokens:?}"), "Tokens");
        for wrong in ["", "\n\n", "a b", "é"] {
            assert!(Tokens::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
