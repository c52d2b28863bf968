package v3_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// entry is a file as the cf command describes it.
func entry(path, content string) object {
	sum := sha1.Sum([]byte(content))
	return object{"path": path, "mode": "644", "checksum": object{"value": hex.EncodeToString(sum[:])}, "size_in_bytes": len(content)}
}

func jsonOf(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// emptyPackage is one that waits for its bits.
func (b *bench) emptyPackage(app string) string {
	b.t.Helper()
	return b.must("POST", "/v3/packages", object{"type": "bits", "relationships": object{"app": object{"data": object{"guid": app}}}}, 201).guid()
}

// content is what is in the zip of a package, as "name mode content".
func (b *bench) content(pkg string) map[string]string {
	b.t.Helper()
	text := b.get("/v3/packages/" + pkg + "/download").body
	z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			b.t.Fatal(err)
		}
		all[f.Name] = fmt.Sprint(f.Mode(), " ", mustRead(b.t, r))
	}
	return all
}

func TestFilesThatAreHereNeedNotBeUploaded(t *testing.T) {
	t.Parallel()
	at := newPlace(t)
	b := at.start(t)
	app := b.app("hello")
	b.pkg(app, map[string]string{"app.rb": "the app", "lib/old.rb": "old"})
	b.stop()
	b = at.start(t) // what was uploaded is known after a restart

	wanted := []object{entry("app.rb", "the app"), entry("lib/new.rb", "new"), entry("copy/of/app.rb", "the app")}
	wrongSize := entry("app.rb", "the app")
	wrongSize["size_in_bytes"] = 1
	a := b.must("POST", "/v3/resource_matches", object{"resources": append(wanted, wrongSize)}, 201)
	here := a.resources()
	if len(here) != 2 || here[0]["path"] != "app.rb" || here[1]["path"] != "copy/of/app.rb" || here[0]["mode"] != "644" {
		t.Fatalf("here already is %s, want app.rb and its copy", a.body)
	}
	here[1]["mode"] = "755"
	p := b.emptyPackage(app)
	if a := b.upload("/v3/packages/"+p+"/upload", jsonOf(t, here), zipOf(t, map[string]string{"lib/new.rb": "new"})); a.status != 200 || a.object["state"] != "READY" {
		t.Fatalf("upload = %d %s", a.status, a.body)
	}
	want := map[string]string{"app.rb": "-rw-r--r-- the app", "copy/of/app.rb": "-rwxr-xr-x the app"}
	for name, text := range b.content(p) {
		if name == "lib/new.rb" && strings.HasSuffix(text, " new") {
			continue
		}
		if want[name] != text {
			t.Errorf("%s is %q, want %q", name, text, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("the package lacks %v", want)
	}
	p = b.emptyPackage(app) // everything is here
	if a := b.upload("/v3/packages/"+p+"/upload", jsonOf(t, here), nil); a.status != 200 {
		t.Errorf("upload of nothing new = %d %s", a.status, a.body)
	}
}

func TestBadUploadsAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	b.pkg(app, map[string]string{"known": "known"})
	good := zipOf(t, map[string]string{"a": "1"})
	bad := func(path string) string { return jsonOf(t, []object{entry(path, "known")}) }
	for name, tt := range map[string]struct {
		resources string
		bits      []byte
		status    int
		detail    string
	}{
		"nothing":                    {"", nil, 422, "must include either resources or bits"},
		"an empty list":              {"[]", nil, 422, "must include either resources or bits"},
		"no zip":                     {"[]", []byte("text"), 422, "is no zip"},
		"half a zip":                 {"[]", good[:len(good)-5], 422, "is no zip"},
		"no list":                    {"{", good, 422, "cannot be parsed"},
		"a file outside":             {bad("../outside"), nil, 422, "is no file of the app"},
		"a file with an address":     {bad("/etc/passwd"), nil, 422, "is no file of the app"},
		"a file outside by detour":   {bad("a/../../b"), nil, 422, "is no file of the app"},
		"a backslash":                {bad(`..\b`), nil, 422, "is no file of the app"},
		"the app itself":             {bad("."), nil, 422, "is no file of the app"},
		"a file twice":               {jsonOf(t, []object{entry("x", "known"), entry("x", "known")}), nil, 422, "is there twice"},
		"a file in the list and zip": {jsonOf(t, []object{entry("a", "known")}), good, 422, "is there twice"},
		"a SHA1 of nobody's":         {jsonOf(t, []object{entry("x", "never uploaded")}), nil, 422, "nobody has uploaded"},
		"a SHA1 that is none":        {`[{"path":"x","mode":"644","checksum":{"value":"../../../etc/passwd"},"size_in_bytes":1}]`, nil, 422, "must be a SHA1"},
		"a mode that is none":        {`[{"path":"x","mode":"rw","checksum":{"value":"` + strings.Repeat("a", 40) + `"},"size_in_bytes":1}]`, nil, 422, "octal"},
		"too much":                   {"[]", zipOf(t, map[string]string{"a": strings.Repeat(noise(t), 3)}), 413, "larger than 1MiB"},
	} {
		p := b.emptyPackage(app)
		a := b.upload("/v3/packages/"+p+"/upload", tt.resources, tt.bits)
		if _, detail := failureOf(a); a.status != tt.status || !strings.Contains(detail, tt.detail) {
			t.Errorf("%s: %d %.300s, want %d and %q", name, a.status, a.body, tt.status, tt.detail)
		}
		if state := b.get("/v3/packages/" + p).object["state"]; state != "AWAITING_UPLOAD" {
			t.Errorf("%s: the package is %s", name, state)
		}
	}
	p := b.emptyPackage(app)
	cut := strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"bits\"; filename=\"a\"\r\n\r\nPK")
	if a := b.send(http.MethodPost, "/v3/packages/"+p+"/upload", cut, "multipart/form-data; boundary=x"); a.status != 400 {
		t.Errorf("a form that breaks off = %d %s, want 400", a.status, a.body)
	}
	if a := b.ask("POST", "/v3/packages/"+p+"/upload", object{}); a.status != 400 {
		t.Errorf("no form = %d %s, want 400", a.status, a.body)
	}
	if a := b.upload("/v3/packages/"+p+"/upload", "", good); a.status != 200 {
		t.Errorf("after all that, a good upload = %d %s", a.status, a.body)
	}
	code, _ := failureOf(b.upload("/v3/packages/"+p+"/upload", "", good))
	if code != 150004 {
		t.Errorf("a second upload has code %d, want 150004", code)
	}
}

// noise is text that no zip makes smaller, 600 KB of it.
func noise(tb testing.TB) string {
	tb.Helper()
	var out bytes.Buffer
	for i := 0; out.Len() < 600_000; i++ {
		sum := sha1.Sum(fmt.Append(nil, i))
		out.Write(sum[:])
	}
	return out.String()
}
