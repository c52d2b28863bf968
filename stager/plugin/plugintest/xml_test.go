package plugintest

import "testing"

func TestXMLIsComparedByWhatItSays(t *testing.T) {
	t.Parallel()
	const document = `<?xml version="1.0"?><a x="1" y="2"><b>text</b></a>`
	for other, want := range map[string]bool{
		"<a y='2' x='1'>\n  <!-- c --><b> text </b>\n</a>\n": true,
		`<a x="1" y="2"><b>text</b><b/></a>`:                 false,
		`<a x="1" y="3"><b>text</b></a>`:                     false,
		`<a x="1" y="2"><b>other</b></a>`:                    false,
		`<a xmlns="u" x="1" y="2"><b>text</b></a>`:           false,
		`<a x="1" y="2"><b>text</b>`:                         false,
		"":                                                   false,
	} {
		if got := sameXML(document, other); got != want {
			t.Errorf("%s: %t, want %t", other, got, want)
		}
	}
}
