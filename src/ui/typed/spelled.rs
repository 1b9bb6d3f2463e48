//! A text as it was typed and as a language spells it, side by side: what is wrong with the one is found in the other.

use crate::syntax::ParseError;

/// A text as it was typed, spelled out in a language.
#[derive(Debug, Default)]
pub(in crate::ui) struct Spelled {
    typed: String,
    text: String,
    pieces: Vec<Piece>,
}

/// A piece of both texts: where it begins in each, in characters.
#[derive(Debug)]
struct Piece {
    typed: usize,
    spelled: usize,
    /// Whether it is the same in both.
    same: bool,
}

impl Spelled {
    /// What the language reads.
    pub(in crate::ui) fn text(&self) -> &str {
        &self.text
    }

    /// A piece that is spelled as it was typed.
    pub(in crate::ui) fn keep(&mut self, text: &str) {
        self.push(text, text);
    }

    /// A piece that was typed so, and is spelled so; either may be nothing.
    pub(in crate::ui) fn push(&mut self, typed: &str, spelled: &str) {
        self.pieces.push(Piece {
            typed: self.typed.chars().count(),
            spelled: self.text.chars().count(),
            same: typed == spelled,
        });
        self.typed.push_str(typed);
        self.text.push_str(spelled);
    }

    /// What is wrong with the piece that was pushed last.
    pub(super) fn wrong_at_end(&self, piece: &str, message: String) -> ParseError {
        let end = self.typed.chars().count();
        let start = end.saturating_sub(piece.chars().count());
        ParseError::over(&self.typed, start..end, message)
    }

    /// What is wrong with the spelled text, said of the typed one.
    pub(in crate::ui) fn error(&self, error: ParseError) -> ParseError {
        let start = self.typed_at(error.span.start, false);
        let end = self.typed_at(error.span.end, true).max(start);
        ParseError {
            input: self.typed.clone(),
            span: start..end,
            ..error
        }
    }

    /// Where a character of the spelled text was typed; at the end of what was spelled otherwise, where it is an end.
    fn typed_at(&self, spelled: usize, is_end: bool) -> usize {
        let len = self.typed.chars().count();
        let begun = |piece: &&Piece| piece.spelled < spelled + usize::from(!is_end);
        let Some(place) = self.pieces.iter().rposition(|piece| begun(&piece)) else {
            return 0;
        };
        let piece = &self.pieces[place];
        let next = self.pieces.get(place + 1).map_or(len, |next| next.typed);
        let into = spelled - piece.spelled;
        if piece.same {
            (piece.typed + into).min(len)
        } else if is_end || spelled >= self.text.chars().count() {
            next
        } else {
            piece.typed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_found_where_it_was_typed() {
        let mut text = Spelled::default();
        text.push("", "set db ");
        text.keep("loss ");
        text.push("2", "2%");
        text.keep(" burts=3");
        assert_eq!(text.text(), "set db loss 2% burts=3");
        for (spelled, typed) in [
            (0..3, 0..0),
            (7..11, 0..4),
            (12..14, 5..6),
            (15..20, 7..12),
            (22..22, 14..14),
        ] {
            let error = ParseError::over(text.text(), spelled, "wrong".to_owned());
            let found = text.error(error);
            assert_eq!((found.span, &*found.input), (typed, "loss 2 burts=3"));
        }
    }
}
