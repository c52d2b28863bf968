package framework

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/protocol"
)

// standalone is the framework of everything that is no other: a directory and a start command.
const standalone = "standalone"

// All lists the manifests, in the order in which detection asks for them; standalone and buildpack, which no file
// gives away, stand last. The list and everything in it is the caller's own.
//
// They are the files of config/frameworks, in the form that the cloud controller of 2012 read. It passed over platform.yml
// and over manifests that say disabled: true, and so does this.
func All() []Framework {
	all := make([]Framework, 0, len(manifests()))
	for _, f := range manifests() {
		f.Runtimes, f.Detection = slices.Clone(f.Runtimes), slices.Clone(f.Detection)
		all = append(all, f)
	}
	return all
}

// manifests reads the files once. They are built in, so that a mistake in them is ours: a test reads them first.
var manifests = sync.OnceValue(func() []Framework {
	all, err := readManifests(config.Files())
	if err != nil {
		panic(err)
	}
	slices.SortStableFunc(all, func(a, b Framework) int { return rank(a.Name) - rank(b.Name) })
	return all
})

// rank is the place of a framework in the order of detection; what has no rule comes behind all that have one.
func rank(name string) int {
	order := rules()
	i := slices.IndexFunc(order, func(r rule) bool { return r.framework == name })
	switch {
	case i >= 0:
		return i
	case name == standalone:
		return len(order)
	}
	return len(order) + 1
}

func readManifests(files fs.FS) ([]Framework, error) {
	names, err := fs.Glob(files, "frameworks/*.yml")
	if err != nil {
		return nil, err
	}
	var all []Framework
	for _, name := range names {
		if path.Base(name) == "platform.yml" {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		f, disabled, err := parseManifest(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if want := strings.TrimSuffix(path.Base(name), ".yml"); f.Name != want {
			return nil, fmt.Errorf("%s: the name is %q, but the file is called %s", name, f.Name, want)
		}
		if !disabled {
			all = append(all, f)
		}
	}
	return all, nil
}

// parseManifest reads one file. The order of its rules matters, so they are read as lists of key and value.
func parseManifest(text []byte) (f Framework, disabled bool, err error) {
	var m struct {
		Name      string                               `yaml:"name"`
		Runtimes  []map[string]*struct{ Default bool } `yaml:"runtimes"`
		Today     string                               `yaml:"today"`
		Memory    int                                  `yaml:"memory"`
		Detection []yaml.MapSlice                      `yaml:"detection"`
		Disabled  bool                                 `yaml:"disabled"`
	}
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		return f, false, err
	}
	f.Name, f.Today, f.Memory = m.Name, m.Today, m.Memory
	for _, choice := range m.Runtimes {
		for name, is := range choice {
			f.Runtimes = append(f.Runtimes, name)
			if is != nil && is.Default {
				f.Default = name
			}
		}
	}
	for _, rules := range m.Detection {
		for _, r := range rules {
			rule, err := detectionRule(r)
			if err != nil {
				return f, false, err
			}
			f.Detection = append(f.Detection, rule)
		}
	}
	return f, m.Disabled, nil
}

// detectionRule is one line: a glob, and a regular expression, true or false. The last two are for clients alone: plugins look
// only at the rules with a pattern.
func detectionRule(r yaml.MapItem) (protocol.DetectionRule, error) {
	rule := protocol.DetectionRule{Glob: fmt.Sprint(r.Key)}
	switch v := r.Value.(type) {
	case string:
		rule.Pattern = v
	case bool:
		rule.Exists = v
	default:
		return rule, fmt.Errorf("detection: %v: want a regular expression, true or false", r.Key)
	}
	return rule, nil
}
