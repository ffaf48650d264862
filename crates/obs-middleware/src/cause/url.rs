//! URLs in the text of an error: what of them may be told.

/// What begins behind the scheme of a URL.
const AUTHORITY: &str = "://";

/// A text whose URLs have neither credentials nor queries and fragments.
pub(super) fn public(text: String) -> String {
    if !text.contains(AUTHORITY) {
        return text;
    }
    each(&text, |told, url, end| {
        let (place, _) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
        let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        told.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        told.push_str(path);
        if place.len() < url.len() {
            told.push('…');
        }
        told.push_str(end);
    })
}

/// A text without its URLs.
pub(super) fn removed(text: &str) -> String {
    each(text, |told, _, end| told.push_str(end))
}

/// Tells of each URL what `tell` makes of what is behind its scheme, and of what ends it.
fn each(text: &str, tell: impl Fn(&mut String, &str, &str)) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(AUTHORITY) {
        let (before, behind) = rest.split_at(at + AUTHORITY.len());
        // No blank is in a URL that a program has made; punctuation at its end is the sentence's.
        let (word, after) = behind.split_at(behind.find(char::is_whitespace).unwrap_or(behind.len()));
        let url = word.trim_end_matches([')', ']', '>', '"', '\'', '`', ',', '.', ':', ';']);
        told.push_str(before);
        tell(&mut told, url, &word[url.len()..]);
        rest = after;
    }
    told.push_str(rest);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_queries_are_left_out_and_the_sentence_stays() {
        let check = |text: &str, expected: &str| assert_eq!(public(text.to_owned()), expected);
        check("no URL? none: here", "no URL? none: here");
        check("for url (http://a:1/b?c=d): refused", "for url (http://a:1/b…): refused");
        check("http://u:p@a/b#c", "http://a/b…");
        check("from https://a?(x)y to http://b/c, twice", "from https://a… to http://b/c, twice");
        check("http://a/@b", "http://a/@b");
        check("://", "://");
    }

    #[test]
    fn a_url_is_removed_with_all_its_words() {
        assert_eq!(removed("refused (https://tls-gw/certificates?ssl): no"), "refused (https://): no");
    }
}
