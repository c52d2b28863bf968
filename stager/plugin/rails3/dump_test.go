package rails3

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

func TestDatabaseIsWrittenAsRubyWritesIt(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby")
	texts := []string{
		"u", "", " ", "~", "null", "true", "Yes", "off", "y", "n", "12345", "0123", "1_000", "1.5", "1e3", "0x1f", "-7", "+", "-", "- x", "-x", "?", "? x", "?x",
		"2012-11-13", "2012-11-13 22:12:33", "12:30", "10.0.0.1", "a: b", "a:", "a:b", "p@:/#x", "x # y", "x#y", "d'q", `p"q`, `"p"`, `'a"b`, `a\b`, "*x",
		"@u", "%p", "[x]", "x]", "{", "!u", "&a", "|", ">", "`", "=", ":sym", ":memory:", "/tmp/x.sock", "<%= ENV['X'] %>", "tail ", " head", "a\tb", "a\nb",
		"c\nd\n", "e\n\nf", "é", "été: 1", "名", "pPassw0rd!", "$HOME", "(x)", ",x", "x,y", "a  b", "db/dev.sqlite3",
	}
	document := yaml.MapSlice{
		{Key: "empty", Value: yaml.MapSlice{}}, {Key: "none", Value: []any{}}, {Key: "nothing", Value: nil},
		{Key: "list", Value: []any{"a", 1, nil, yaml.MapSlice{{Key: "b", Value: 1}, {Key: "c", Value: "d"}}, []any{"x", "y"}}},
		{Key: "deep", Value: yaml.MapSlice{{Key: "list", Value: []any{"a", yaml.MapSlice{{Key: "b", Value: []any{true}}}}}, {Key: "f", Value: 2.5}}},
	}
	values := map[string]any{"list": texts}
	for _, text := range texts {
		if key := strings.ReplaceAll(text, "\n", ""); key != "" {
			document = append(document, yaml.MapItem{Key: key + "0", Value: yaml.MapSlice{{Key: "is", Value: text}}})
		}
	}
	in, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	const script = `document = {"empty" => {}, "none" => [], "nothing" => nil, "list" => ["a", 1, nil, {"b" => 1, "c" => "d"}, ["x", "y"]],
  "deep" => {"list" => ["a", {"b" => [true]}], "f" => 2.5}}
JSON.parse($stdin.read)["list"].each { |text| document[text.delete("\n") + "0"] = {"is" => text.dup} unless text.empty? }
print YAML.dump(document)`
	c := exec.CommandContext(t.Context(), "ruby", "-ryaml", "-rjson", "-e", script)
	c.Stdin = strings.NewReader(string(in))
	want, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(dump(document), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(wanted)) {
		if i >= len(got) || i >= len(wanted) || got[i] != wanted[i] {
			t.Fatalf("line %d is %q, want %q", i+1, got[min(i, len(got)-1)], wanted[min(i, len(wanted)-1)])
		}
	}
}

// withDatabase stages an app that has this database.yml, and one database with these credentials.
func withDatabase(t *testing.T, text string, credentials map[string]any) (string, error) {
	t.Helper()
	files := of("3.0.5")
	if text != "" {
		files["config/database.yml"] = text
	}
	s := stageAs(t, protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "rails3"}, RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19", Version: "1.9.2p180"},
		Services: []map[string]any{{"label": "mysql-5.1", "name": "shop", "credentials": credentials}},
	}, files, plugintest.Gems, plugintest.Resources("cf-autoconfig-0.0.4.gem", "cf-runtime-0.0.2.gem"))
	return s.read("app/config/database.yml"), s.err
}

func TestDatabaseKeepsItsOtherSections(t *testing.T) {
	t.Parallel()
	full := map[string]any{"hostname": "h", "port": float64(3306), "user": "u", "password": "p", "name": "d"}
	const production = "production:\n  adapter: mysql2\n  encoding: utf8\n  pool: 5\n  reconnect: false\n  host: h\n  port: 3306\n  username: u\n  password: p\n  database: d\n"
	for name, tt := range map[string]struct {
		text        string
		credentials map[string]any
		want        string
	}{
		"no file":        {"", full, "---\n" + production},
		"only a comment": {"# nothing\n", full, "---\n" + production},
		"other sections": {
			"# Mine.\ndevelopment:\n  adapter: mysql2\n  password:\n  socket: /tmp/mysql.sock\n  reconnect: no\n  encrypt: 'no'\n", full,
			"---\ndevelopment:\n  adapter: mysql2\n  password:\n  socket: \"/tmp/mysql.sock\"\n  reconnect: false\n  encrypt: 'no'\n" + production,
		},
		"its place is kept": {"production:\n  adapter: x\ntest:\n  a: 1\n", full, "---\n" + production + "test:\n  a: 1\n"},
		"defaults":          {"x: &x\n  a: 1\ntest:\n  <<: *x\n  b: 2\n", full, "---\nx:\n  a: 1\ntest:\n  a: 1\n  b: 2\n" + production},
		"a text as port, and no password": {
			"", map[string]any{"hostname": "h", "port": "3306", "user": "u", "name": "d"},
			"---\n" + strings.NewReplacer("3306", "'3306'", " p\n", "\n").Replace(production),
		},
	} {
		got, err := withDatabase(t, tt.text, tt.credentials)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, database.yml is\n%s, want\n%s", name, err, got, tt.want)
		}
	}
	if _, err := withDatabase(t, "a: [", full); err == nil || !strings.HasPrefix(err.Error(), "read config/database.yml: ") {
		t.Errorf("a broken file: %v", err)
	}
}
