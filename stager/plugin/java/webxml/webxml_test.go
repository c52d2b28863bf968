package webxml

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// parse fails the test unless the text can be read.
func parse(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text), Lenient)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return d
}

func text(t *testing.T, d *Document) string {
	t.Helper()
	out, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// odd has everything that an editor could spoil.
const odd = "\ufeff<?xml version='1.0' encoding='UTF-8' standalone=\"yes\"?>\r\n" + `<!-- a > b &c; -->
<!DOCTYPE web-app PUBLIC "-//Sun//DTD > 2.3//EN" "http://java.example/dtd/web-app_2_3.dtd" [
  <!ENTITY who "the <b>owner</b>">
  <!ENTITY file SYSTEM "file:///etc/passwd">
]>
<?pi some thing?>
<jee:web-app  version = '3.0'
	xmlns:jee="http://java.sun.com/xml/ns/javaee" >
  <jee:display-name>&who; &#169; &amp; <![CDATA[<&>]]></jee:display-name  >
  <distributable/><jee:empty a="'" />
  <!-- <filter/> -->
</jee:web-app>
<!-- end -->
`

func TestWhatIsNotChangedStaysToTheByte(t *testing.T) {
	t.Parallel()
	for _, in := range []string{odd, "<web-app/>", "<a><b/></a >", "<a>\n&x;\n</a>\n\n"} {
		if out := text(t, parse(t, in)); out != in {
			t.Errorf("got\n%q, want\n%q", out, in)
		}
	}
}

func TestEntitiesAreLeftAsTheyAre(t *testing.T) {
	t.Parallel()
	var laughs strings.Builder
	laughs.WriteString("<!DOCTYPE lolz [<!ENTITY lol0 \"lol\">")
	for i := range 30 {
		fmt.Fprintf(&laughs, "<!ENTITY lol%d \"%s\">", i+1, strings.Repeat(fmt.Sprintf("&lol%d;", i), 10))
	}
	laughs.WriteString("]><web-app><x>&lol30; &amp; &file;</x></web-app>")
	d := parse(t, laughs.String())
	if got := d.Root().Text(); got != "&lol30; & &file;" {
		t.Errorf("the text is %.100q", got)
	}
	d.Root().Child("x").AppendText(" more")
	if out := text(t, d); !strings.HasSuffix(out, "<x>&lol30; &amp; &file; more</x></web-app>") {
		t.Errorf("changed to %s", out[len(out)-100:])
	}
}

func TestElementsAreAddedMovedAndRemoved(t *testing.T) {
	t.Parallel()
	d := parse(t, "<web-app>\n  <a>1</a>\n  <b/>\n  <c x='1'>3</c>\n</web-app>")
	root := d.Root()
	root.Child("b").Append(d.New("d", "<&>"))
	root.Append(root.Child("a"))
	root.Child("c").InsertBefore(d.New("e", ""))
	root.Child("c").SetText("4")
	want := "<web-app>\n  \n  <b><d>&lt;&amp;&gt;</d></b>\n  <e></e><c x='1'>4</c>\n<a>1</a></web-app>"
	if out := text(t, d); out != want {
		t.Errorf("got\n%s, want\n%s", out, want)
	}
	root.Child("b").Remove()
	if root.Child("b") != nil || root.Child("e").Text() != "" {
		t.Error("what was removed is still there")
	}
}

func TestRootThatWasEmptyTakesElements(t *testing.T) {
	t.Parallel()
	d := parse(t, "<web-app version='2.5' />\n")
	d.Root().Append(d.New("a", "1"))
	if out := text(t, d); out != "<web-app version='2.5' ><a>1</a></web-app>\n" {
		t.Errorf("got %s", out)
	}
}

func TestNamesAreLookedUpLenientlyOrAsIn2012(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text            string
		lenient, asThen int
	}{
		"no namespace":             {"<web-app><a/><x:a xmlns:x='u'/></web-app>", 2, 1},
		"a namespace for all":      {"<web-app xmlns='u'><a/><b><a/></b><a xmlns=''/></web-app>", 3, 2},
		"a prefix":                 {"<j:web-app xmlns:j='u'><j:a/><a/></j:web-app>", 2, 0},
		"a namespace, and another": {"<web-app xmlns='u' xmlns:v='u' xmlns:w='w'><v:a/><w:a/></web-app>", 2, 1},
	} {
		for names, want := range map[Names]int{Lenient: tt.lenient, AsIn2012: tt.asThen} {
			d, err := Parse([]byte(tt.text), names)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(d.Root().All("a")); got != want {
				t.Errorf("%s, %v: %d elements, want %d", name, names, got, want)
			}
		}
	}
}

func TestNewElementsHaveTheRootsPrefix(t *testing.T) {
	t.Parallel()
	d := parse(t, "<j:web-app xmlns:j='u'></j:web-app>")
	d.Root().Append(d.New("a", "1"))
	if out := text(t, d); out != "<j:web-app xmlns:j='u'><j:a>1</j:a></j:web-app>" {
		t.Errorf("got %s", out)
	}
}

func TestEncodingIsKept(t *testing.T) {
	t.Parallel()
	utf16le := func(s string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(s)) {
			b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
		}
		return b.String()
	}
	for name, tt := range map[string]struct{ in, want string }{
		"Latin-1": {
			"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>caf\xe9</a>", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>caf\xe9 x</a>",
		},
		"a Windows code page": {
			"<?xml version='1.0' encoding='windows-1252'?><a>\x80\x93</a>", "<?xml version='1.0' encoding='windows-1252'?><a>\x80\x93 x</a>",
		},
		"UTF-16": {
			utf16le("\ufeff<?xml version='1.0' encoding='UTF-16'?><a>\U0001f600</a>"), utf16le("\ufeff<?xml version='1.0' encoding='UTF-16'?><a>\U0001f600 x</a>"),
		},
		"UTF-8 with a mark": {"\ufeff<a>é</a>", "\ufeff<a>é x</a>"},
	} {
		d := parse(t, tt.in)
		d.Root().AppendText(" x")
		if out := text(t, d); out != tt.want {
			t.Errorf("%s: got %q, want %q", name, out, tt.want)
		}
	}
}

func TestWhatIsNoDescriptorIsRefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                          "no element",
		"<!-- only -->":             "no element",
		"<a>\n<b>\n</a>":            "line 3: <b> is closed by </a>",
		"<a>":                       "<a> is not closed",
		"<a/><b/>":                  "<b> stands behind the end",
		"</a>":                      "closes nothing",
		"<a/>text":                  "text outside",
		"<a":                        "unexpected EOF",
		"<a>\x00</a>":               "illegal character",
		"<a>\xff</a>":               "not UTF-8",
		"<?xml version='1.1'?><a/>": "unsupported version",
		"<?xml version='1.0' encoding='UTF-7'?><a/>":       "utf-7 is not known",
		"<?xml version='1.0' encoding='ISO-2022-JP'?><a/>": "iso-2022-jp is not known",
		"\xff\xfea":                      "middle of a character",
		strings.Repeat("<a>", 1_000_000): "nested more than 200 deep",
	} {
		if _, err := Parse([]byte(in), Lenient); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", in, err, want)
		}
	}
}

func FuzzParseAndWrite(f *testing.F) {
	f.Add([]byte(odd))
	f.Add([]byte("<a b='c'/>"))
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := Parse(in, AsIn2012)
		if err != nil {
			return
		}
		out, err := d.Bytes()
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if string(out) != string(in) && utf16Order(in) == nil { // UTF-16 may have held half characters
			t.Errorf("%q became %q", in, out)
		}
	})
}
