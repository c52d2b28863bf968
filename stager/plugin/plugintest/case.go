package plugintest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

// Case is one app and what the plugins of 2012 made of it (text T1).
type Case struct {
	Name       string                     `json:"name"`
	Framework  string                     `json:"framework"`
	Properties protocol.StagingProperties `json:"properties"`
	App        map[string]AppFile         `json:"app"`
	Exit       int                        `json:"exit"`  // 0, or 1 where staging fails
	Error      string                     `json:"error"` // then, the exception: "message (Class)"
	Startup    string                     `json:"startup"`
	Stop       string                     `json:"stop"`
	Files      map[string]File            `json:"files"`   // directories end in "/"
	Content    map[string]string          `json:"content"` // of some of them
	StagingLog *string                    `json:"staging_log"`
}

// AppFile is a file of the app: in JSON its text, or an object with text and mode.
type AppFile struct {
	Text string
	Mode fs.FileMode
}

// UnmarshalJSON reads both forms; a plain text has mode 0644.
func (f *AppFile) UnmarshalJSON(b []byte) error {
	f.Mode = 0o644
	if json.Unmarshal(b, &f.Text) == nil {
		return nil
	}
	var object struct{ Text, Mode string }
	if err := json.Unmarshal(b, &object); err != nil {
		return err
	}
	f.Text = object.Text
	_, err := fmt.Sscanf(object.Mode, "%o", &f.Mode)
	return err
}

// File is what a case, or [Look], knows of a file.
type File struct {
	Mode   string `json:"mode"`   // "0755"
	SHA256 string `json:"sha256"` // of a file's content, in hex
	Link   string `json:"link"`   // a link's target
}

// Look lists everything below dir: path → what it is. Directories end in "/". staging.log has no checksum, because its
// first line is not always the same.
func Look(t testing.TB, dir string) map[string]File {
	t.Helper()
	nodes, err := droplet.Tree(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]File{}
	for _, n := range nodes {
		f := File{Link: n.Link}
		if n.Link == "" { // a link's own mode differs between systems, and means nothing
			f.Mode = fmt.Sprintf("%04o", n.Mode.Perm())
		}
		if n.Mode.IsRegular() && n.Path != droplet.StagingLog {
			content, err := os.ReadFile(filepath.Join(dir, n.Path))
			if err != nil {
				t.Fatal(err)
			}
			f.SHA256 = checksum(string(content))
		}
		files[n.Path] = f
	}
	return files
}

// unlisted are the parts of a droplet that the cases are silent about, because stand-ins were in their place when they were recorded.
func unlisted() []string {
	return []string{"app/rubygems/", "app/node_modules/cf-autoconfig/", "app/cf-rails-console/", "apache/", "resources/", "tomcat/"}
}

// listed are the files of which cases speak.
func listed(files map[string]File) map[string]File {
	some := maps.Clone(files)
	maps.DeleteFunc(some, func(name string, _ File) bool {
		return slices.ContainsFunc(unlisted(), func(dir string) bool { return strings.HasPrefix(name, dir) })
	})
	return some
}

// WriteApp writes the app's files into dir; directories have mode 0755.
func (c Case) WriteApp(t testing.TB, dir string) {
	t.Helper()
	for name, f := range c.App {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(f.Text), f.Mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, f.Mode); err != nil {
			t.Fatal(err)
		}
	}
}

// appFiles is what Look finds where WriteApp has written.
func (c Case) appFiles() map[string]File {
	files := map[string]File{}
	for name, f := range c.App {
		files[name] = File{Mode: fmt.Sprintf("%04o", f.Mode.Perm()), SHA256: checksum(f.Text)}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			files[dir+"/"] = File{Mode: "0755"}
		}
	}
	return files
}

// standIn is what [Resources] put in the place of a file that a plugin copied.
func standIn(tools plugin.Tools, name string) (text string, ok bool) {
	dir := tools.Platform.AutoconfigResources
	if dir == "" {
		return "", false
	}
	content, err := os.ReadFile(filepath.Join(dir, path.Base(name)))
	return string(content), err == nil
}

// want is what Look should find after staging with these tools.
func (c Case) want(tools plugin.Tools) map[string]File {
	files := map[string]File{}
	for name, f := range c.Files {
		if name == droplet.StartupFile {
			f.SHA256 = checksum(inEra(c.Startup, tools.Text))
		}
		if standIn, ok := standIn(tools, name); ok {
			f.SHA256 = checksum(standIn)
		}
		files[name] = f
	}
	return files
}

// Message is the exception without its class.
func (c Case) Message() string {
	i := strings.LastIndex(c.Error, " (")
	return c.Error[:max(i, 0)]
}

// log is staging.log as plugintest's clock makes it.
func (c Case) log(text plugin.Text) string {
	if c.StagingLog == nil {
		return ""
	}
	first, rest, _ := strings.Cut(*c.StagingLog, "\n")
	if text == plugin.T2 {
		return rest
	}
	first = strings.NewReplacer("<TIME>", "2013-02-14 11:25:29 -0800", "<VERSION>", "31641").Replace(first)
	return first + "\n" + rest
}

// inEra changes a script of T1 into one of text. Those of buildpacks, T3, have only one wording.
func inEra(script string, text plugin.Text) string {
	if text == plugin.T1 || strings.Contains(script, "DROPLET_BASE_DIR") {
		return script
	}
	return strings.NewReplacer(
		"\ncd ", "\nDROPLET_BASE_DIR=$PWD\ncd ",
		" > ../logs/stdout.log 2> ../logs/stderr.log &", " > $DROPLET_BASE_DIR/logs/stdout.log 2> $DROPLET_BASE_DIR/logs/stderr.log &",
		">> ../run.pid", ">> $DROPLET_BASE_DIR/run.pid",
	).Replace(script)
}

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ReadCase reads a case's JSON file.
func ReadCase(t testing.TB, file string) Case {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c Case
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return c
}
