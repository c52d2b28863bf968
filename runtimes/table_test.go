package runtimes

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestTableReadsTheListOf2012AndTheMapOfToday(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Table{
		"[ruby18, ruby19]":                       {"ruby18": "", "ruby19": ""},
		"{ruby19: /opt/ruby/bin/ruby, php: php}": {"ruby19": "/opt/ruby/bin/ruby", "php": "php"},
		"{ruby19: }":                             {"ruby19": Default()["ruby19"]},
		"[]":                                     {},
		"{}":                                     {},
	} {
		var config struct{ Runtimes Table }
		if err := yaml.Unmarshal([]byte("runtimes: "+text), &config); err != nil || !maps.Equal(config.Runtimes, want) {
			t.Errorf("%s is read as %v, %v, want %v", text, config.Runtimes, err, want)
		}
	}
}

func TestTableThatMakesNoSenseIsAnError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ruby":               "want a list of names",
		"{ruby19: [a, b]}":   "want a list of names",
		"{cobol: }":          "cobol needs an executable",
		"[{ruby19: {a: b}}]": "want a list of names",
	} {
		var config struct{ Runtimes Table }
		if err := yaml.Unmarshal([]byte("runtimes: "+text), &config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is read as %v, %v, want an error with %q", text, config.Runtimes, err, want)
		}
	}
}

func TestDefaultTableMapsEveryRuntime(t *testing.T) {
	t.Parallel()
	table := Default()
	for _, r := range All() {
		path, ok := table[r.Name]
		if !ok || path == "" {
			t.Errorf("%s is not mapped", r.Name)
		}
		if filepath.IsAbs(path) && !executable(path) {
			t.Errorf("%s is mapped to %s, which is no executable", r.Name, path)
		}
	}
	if len(table) != len(All()) || !strings.HasPrefix(strings.Join(table.Names(), " "), "erlang erlangR14B01 java ") {
		t.Errorf("the names are %v", table.Names())
	}
}
