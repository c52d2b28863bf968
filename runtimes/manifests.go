package runtimes

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/protocol"
)

// All lists the runtimes of config/runtimes.yml: those of 2012, and behind them names of today. The list and everything in
// it is the caller's own.
func All() []Runtime {
	all := make([]Runtime, 0, len(manifests()))
	for _, r := range manifests() {
		r.Environment = maps.Clone(r.Environment)
		r.DebugEnv = maps.Clone(r.DebugEnv)
		for mode, env := range r.DebugEnv {
			r.DebugEnv[mode] = slices.Clone(env)
		}
		all = append(all, r)
	}
	return all
}

// manifests reads the file once. It is built in, so that a mistake in it is ours: a test reads it first.
var manifests = sync.OnceValue(func() []Runtime {
	all, err := parseManifests(config.File("runtimes.yml"))
	if err != nil {
		panic(fmt.Sprintf("config/runtimes.yml: %v", err))
	}
	return all
})

// manifest is one entry of the file. What nobody reads today (status, debug_modes: the modes are the keys of debug_env) is
// allowed, as it stood in the manifests of 2012.
type manifest struct {
	Version          string              `yaml:"version"`
	Description      string              `yaml:"description"`
	Executable       string              `yaml:"executable"`
	VersionFlag      string              `yaml:"version_flag"`
	VersionOutput    string              `yaml:"version_output"`
	AdditionalChecks string              `yaml:"additional_checks"`
	Environment      map[string]*string  `yaml:"environment"`
	NPM              string              `yaml:"npm"`
	DebugModes       []string            `yaml:"debug_modes"`
	DebugEnv         map[string][]string `yaml:"debug_env"`
	Status           map[string]string   `yaml:"status"`
	Series           string              `yaml:"series"`
	Category         string              `yaml:"category"`
	Disabled         bool                `yaml:"disabled"`
	Today            bool                `yaml:"today"`
}

// parseManifests keeps the order of the file.
func parseManifests(text []byte) ([]Runtime, error) {
	var order yaml.MapSlice
	if err := yaml.Unmarshal(text, &order); err != nil {
		return nil, err
	}
	var entries map[string]manifest
	if err := yaml.UnmarshalWithOptions(text, &entries, yaml.Strict()); err != nil {
		return nil, err
	}
	var all []Runtime
	for _, item := range order {
		name := fmt.Sprint(item.Key)
		if m := entries[name]; !m.Disabled {
			all = append(all, m.runtime(name))
		}
	}
	return all, nil
}

func (m manifest) runtime(name string) Runtime {
	r := Runtime{
		Name: name, Version: m.Version, Description: m.Description, Series: m.Series, Category: m.Category,
		Executable: m.Executable, VersionFlag: m.VersionFlag, VersionOutput: m.VersionOutput,
		AdditionalChecks: m.AdditionalChecks, DebugEnv: m.DebugEnv, NPM: m.NPM, Today: m.Today,
	}
	for key, value := range m.Environment {
		if r.Environment == nil {
			r.Environment = protocol.Vars{}
		}
		if value == nil {
			r.Environment[key] = "" // null in the manifest: exported, and empty
			continue
		}
		r.Environment[key] = protocol.Text(*value)
	}
	return r
}
