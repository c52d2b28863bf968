package protocol

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func recordedRequest(t *testing.T) map[string]any {
	t.Helper()
	b, err := os.ReadFile("testdata/staging.json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// set changes the value at a dotted path; a nil func deletes it.
func set(m map[string]any, path string, value any, remove bool) {
	keys := strings.Split(path, ".")
	for _, k := range keys[:len(keys)-1] {
		m = m[k].(map[string]any)
	}
	if remove {
		delete(m, keys[len(keys)-1])
		return
	}
	m[keys[len(keys)-1]] = value
}

func TestStagingSchemaSpeaksLikeMembrane(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path   string
		value  any
		remove bool
		want   string // empty: the request is fine
	}{
		"as recorded":                 {"app_id", "x", false, ""},
		"an app id is anything":       {"app_id", []any{}, false, ""},
		"no app id":                   {"app_id", nil, true, ""},
		"missing uri":                 {"download_uri", nil, true, "{ download_uri => Missing key }"},
		"null uri":                    {"download_uri", nil, false, "{ download_uri => Expected instance of String, given an instance of NilClass }"},
		"wrong type of uri":           {"upload_uri", 5, false, "{ upload_uri => Expected instance of String, given an instance of Integer }"},
		"missing properties":          {"properties", nil, true, "{ properties => Missing key }"},
		"null properties":             {"properties", nil, false, "{ properties => Expected instance of Hash, given instance of NilClass }"},
		"memory as text":              {"properties.resources.memory", "256", false, "{ properties => { resources => { memory => Expected instance of Integer, given an instance of String } } }"},
		"memory as integral float":    {"properties.resources.memory", 256.0, false, ""},
		"memory as fraction":          {"properties.resources.memory", 2.5, false, "{ properties => { resources => { memory => Expected instance of Integer, given an instance of Float } } }"},
		"version as number":           {"properties.runtime_info.version", 1.9, false, ""},
		"services as object":          {"properties.services", map[string]any{}, false, "{ properties => { services => Expected instance of Array, given instance of Hash } }"},
		"services with an empty hash": {"properties.services", []any{map[string]any{}}, false, ""},
		"services with a text":        {"properties.services", []any{"x"}, false, "{ properties => { services => At index 0: Expected instance of Hash, given instance of String } }"},
		"no framework name":           {"properties.framework_info", map[string]any{}, false, "{ properties => { framework_info => { name => Missing key } } }"},
		"extra keys":                  {"properties.whatever", true, false, ""},
		"framework as number":         {"properties.framework", 5, false, ""},
		"framework as list":           {"properties.framework", []any{1}, false, ""},
		"runtime as object":           {"properties.runtime", map[string]any{}, false, ""},
		"buildpack as number":         {"properties.buildpack", 5, false, ""},
		"name as list":                {"properties.name", []any{}, false, ""},
		"runtimes as object":          {"properties.framework_info.runtimes", map[string]any{}, false, ""},
		"runtimes as names":           {"properties.framework_info.runtimes", []any{"ruby19"}, false, ""},
		"runtime's name as number":    {"properties.runtime_info.name", 1.9, false, ""},
		"description as list":         {"properties.runtime_info.description", []any{}, false, ""},
		"npm as object":               {"properties.runtime_info.npm", map[string]any{}, false, ""},
		"version flag as number":      {"properties.runtime_info.version_flag", 1, false, ""},
		"version as list":             {"properties.runtime_info.version", []any{}, false, "{ properties => { runtime_info => { version => Expected instance of String, given an instance of Array } } }"},
		"null meta":                   {"properties.meta", nil, false, ""},
	} {
		m := recordedRequest(t)
		set(m, tc.path, tc.value, tc.remove)
		payload, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseStagingRequest(payload)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || err.Error() != tc.want) {
			t.Errorf("%s: error = %v, want %q", name, err, tc.want)
		}
	}
}

func TestWhatIsNoRequestIsAnError(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		``:             "the message is empty",
		`{x}`:          "not JSON",
		`{"app_id": `:  "not JSON",
		`null`:         "Expected instance of Hash, given instance of NilClass",
		`[]`:           "Expected instance of Hash, given instance of Array",
		`7`:            "Expected instance of Hash, given instance of Integer",
		`{} {}`:        "something follows",
		`{"app_id":1}`: "download_uri => Missing key, upload_uri => Missing key, properties => Missing key",
	} {
		if _, err := ParseStagingRequest([]byte(payload)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error = %v, want one that says %q", payload, err, want)
		}
	}
}

func TestDetectionKeepsTheOrderOfItsRules(t *testing.T) {
	t.Parallel()
	var d Detection
	if err := json.Unmarshal([]byte(`[{"z.rb":"z","a.rb":true},{"m.rb":false}]`), &d); err != nil {
		t.Fatal(err)
	}
	want := Detection{{Glob: "z.rb", Pattern: "z"}, {Glob: "a.rb", Exists: true}, {Glob: "m.rb"}}
	for i := range want {
		if d[i] != want[i] {
			t.Errorf("rule %d = %+v, want %+v", i, d[i], want[i])
		}
	}
	out, err := json.Marshal(d)
	if err != nil || string(out) != `[{"z.rb":"z"},{"a.rb":true},{"m.rb":false}]` {
		t.Errorf("written %s, %v", out, err)
	}
	for _, bad := range []string{`{}`, `["x"]`, `[{"x":5}]`} {
		if err := json.Unmarshal([]byte(bad), &d); err == nil {
			t.Errorf("%s is no detection, but was read", bad)
		}
	}
}
