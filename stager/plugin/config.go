package plugin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// Config is one run of a plugin without a stager: the file that the stager of 2012 wrote for each task, and that
// bin/stage_app took from people.
type Config struct {
	SourceDir   string                     // the unpacked app, as the file has it: a relative path starts where you are
	DestDir     string                     // where the droplet's files go, likewise
	Environment protocol.StagingProperties // `properties` in a staging request
}

// LoadConfig reads a plugin's configuration file. Every key is needed, and those of the environment are checked as in a
// staging request; what is missing or wrong is named in the words of 2012: { dest_dir => Missing key }. A key that does
// not belong there is shown with its line. An unquoted version may look like a number: 1.10 stays 1.10.
func LoadConfig(path string) (Config, error) {
	doc, err := readYAML(path)
	if err != nil {
		return Config{}, err
	}
	if doc.has("secure_user") {
		return Config{}, doc.errorAt("secure_user", "everything runs as the user who stages: leave secure_user out")
	}
	if err := doc.only("source_dir", "dest_dir", "environment"); err != nil {
		return Config{}, err
	}
	var c Config
	if c.SourceDir, err = doc.text("source_dir"); err != nil {
		return Config{}, err
	}
	if c.DestDir, err = doc.text("dest_dir"); err != nil {
		return Config{}, err
	}
	var problem string
	if c.Environment, problem, err = environment(doc.value("environment")); err != nil {
		return Config{}, fmt.Errorf("%s: environment: %w", path, err)
	}
	problems := []string{missing("source_dir", c.SourceDir), missing("dest_dir", c.DestDir), problem}
	if text := strings.Join(nonEmpty(problems), ", "); text != "" {
		return Config{}, fmt.Errorf("%s: %w", path, &protocol.SchemaError{Problem: "{ " + text + " }"})
	}
	return c, nil
}

// environment reads the properties; problem is what their schema finds wrong.
func environment(value any) (p protocol.StagingProperties, problem string, err error) {
	if value == nil {
		return p, "environment => Missing key", nil
	}
	text, err := orderedJSON(value)
	if err != nil {
		return p, "", err
	}
	p, err = protocol.ParseStagingProperties(text)
	if wrong, ok := errors.AsType[*protocol.SchemaError](err); ok {
		return p, "environment => " + wrong.Problem, nil
	}
	return p, "", err
}

func missing(key, value string) string {
	if value == "" {
		return key + " => Missing key"
	}
	return ""
}

func nonEmpty(texts []string) []string {
	var some []string
	for _, t := range texts {
		if t != "" {
			some = append(some, t)
		}
	}
	return some
}

// LoadPlatform reads the file that PLATFORM_CONFIG names. Keys that nobody knows are passed over, as the files of 2012
// had some.
func LoadPlatform(path string) (Platform, error) {
	doc, err := readYAML(path)
	if err != nil {
		return Platform{}, err
	}
	var p Platform
	for _, key := range []struct {
		name  string
		value *string
	}{
		{"cache", &p.Cache},
		{"gem_source", &p.GemSource},
		{"npm_registry", &p.NPMRegistry},
		{"python_index", &p.PythonIndex},
		{"insight_agent", &p.InsightAgent},
		{"autoconfig_resources", &p.AutoconfigResources},
	} {
		if *key.value, err = doc.text(key.name); err != nil {
			return Platform{}, err
		}
	}
	return p, nil
}
