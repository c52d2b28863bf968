package plugintest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/stager/plugin"
)

// Gems is an [Option]: a recorder in the place of the gem tools, so that bundled Ruby apps are staged without any Ruby.
func Gems(t testing.TB, tools *plugin.Tools) { tools.Gems = &Recorder{t: t} }

// Recorder is plugin.GemTools that install nothing. It takes the word of a lock file for true, and reads Gemfiles as long
// as they are as plain as most: source, gem, group … do, platforms … do, end.
type Recorder struct {
	Installed []string // file names of gems, in the order in which they were asked for

	t testing.TB
}

var _ plugin.GemTools = (*Recorder)(nil)

// Ruby is the one of 2012, on Linux.
func (r *Recorder) Ruby(context.Context, *plugin.Workspace) (plugin.Ruby, error) {
	return plugin.Ruby{Executable: "/usr/bin/ruby", Version: "1.9.2", ABI: "1.9.1", Platform: "x86_64-linux", Bundler: "1.1.3"}, nil
}

// Gemfile reads the app's.
func (r *Recorder) Gemfile(_ context.Context, w *plugin.Workspace) ([]plugin.Dependency, error) {
	text, err := w.ReadApp("Gemfile")
	if err != nil {
		return nil, err
	}
	return plainGemfile(text), nil
}

// Install returns a directory for each gem, with nothing in it but one that bears its name.
func (r *Recorder) Install(_ context.Context, _ *plugin.Workspace, gems []plugin.Gem) ([]string, error) {
	var dirs []string
	for _, g := range gems {
		r.Installed = append(r.Installed, g.FileName())
		dir := r.t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "gems", strings.TrimSuffix(g.FileName(), ".gem")), 0o755); err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

var (
	gemLine      = regexp.MustCompile(`^gem\s*\(?\s*['"]([^'"]+)['"](.*)`)
	blockLine    = regexp.MustCompile(`^(group|platforms?|source|git|path|if|unless)\b(.*)`)
	groupOption  = regexp.MustCompile(`(?::groups?\s*=>|\bgroups?:)\s*(\[[^\]]*\]|:\w+)`)
	windowsOrJVM = regexp.MustCompile(`:(mswin|mingw|x64_mingw|jruby)`)
	symbol       = regexp.MustCompile(`:(\w+)`)
)

// plainGemfile reads line by line. The outermost block of several that have groups is not the only one that counts.
func plainGemfile(text []byte) []plugin.Dependency {
	type block struct {
		groups    []string
		elsewhere bool
	}
	blocks := []block{{}}
	var all []plugin.Dependency
	for line := range bytes.Lines(text) {
		line := strings.TrimSpace(string(line))
		top := blocks[len(blocks)-1]
		if m := gemLine.FindStringSubmatch(line); m != nil {
			groups := slices.Clone(top.groups)
			if o := groupOption.FindStringSubmatch(m[2]); o != nil {
				groups = append(groups, symbols(o[1])...)
			}
			if len(groups) == 0 {
				groups = []string{"default"}
			}
			all = append(all, plugin.Dependency{Name: m[1], Groups: groups, Here: !top.elsewhere && !windowsOrJVM.MatchString(m[2])})
			continue
		}
		if line == "end" && len(blocks) > 1 {
			blocks = blocks[:len(blocks)-1]
		}
		if m := blockLine.FindStringSubmatch(line); m != nil && (strings.HasSuffix(line, " do") || m[1] == "if" || m[1] == "unless") {
			switch m[1] {
			case "group":
				top.groups = append(slices.Clone(top.groups), symbols(m[2])...)
			case "platform", "platforms":
				top.elsewhere = top.elsewhere || windowsOrJVM.MatchString(m[2])
			}
			blocks = append(blocks, top)
		}
	}
	return all
}

func symbols(text string) []string {
	var names []string
	for _, m := range symbol.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}
