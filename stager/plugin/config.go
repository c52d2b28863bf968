package plugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/minicf/minicf/protocol"
)

// Config is one run of a plugin without a stager: the file that the stager of 2012 wrote for each task, and that
// bin/stage_app took from people.
type Config struct {
	SourceDir   string                     // the unpacked app, as the file has it: a relative path starts where you are
	DestDir     string                     // where the droplet's files go, likewise
	Environment protocol.StagingProperties // `properties` in a staging request
}

// maxConfig is the size, in bytes, from which a file is no configuration of ours.
const maxConfig = 1 << 20

// configFile is the file's top level. The environment is decoded into ordered maps, because detection rules have an order.
type configFile struct {
	SourceDir   *string `yaml:"source_dir"`
	DestDir     *string `yaml:"dest_dir"`
	SecureUser  any     `yaml:"secure_user"`
	Environment any     `yaml:"environment"`
}

// LoadConfig reads a plugin's configuration file. Every key is needed, and those of the environment are checked as in a
// staging request; what is missing or wrong is named in the words of 2012: { dest_dir => Missing key }. A key that does
// not belong there is shown with its line. An unquoted version may look like a number: 1.10 stays 1.10.
func LoadConfig(path string) (Config, error) {
	c, err := loadConfig(path)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func loadConfig(path string) (Config, error) {
	body, err := parseYAML(path)
	if err != nil {
		return Config{}, err
	}
	var f configFile
	if err := decode(body, &f, yaml.Strict(), yaml.UseOrderedMap()); err != nil {
		return Config{}, err
	}
	if f.SecureUser != nil {
		return Config{}, errors.New("secure_user: everything runs as the user who stages; leave it out")
	}
	environment, problem, err := f.environment()
	if err != nil {
		return Config{}, err
	}
	problems := []string{missing("source_dir", f.SourceDir), missing("dest_dir", f.DestDir), problem}
	if text := strings.Join(nonEmpty(problems), ", "); text != "" {
		return Config{}, &protocol.SchemaError{Problem: "{ " + text + " }"}
	}
	return Config{SourceDir: *f.SourceDir, DestDir: *f.DestDir, Environment: environment}, nil
}

// environment reads the properties; problem is what their schema finds wrong.
func (f configFile) environment() (p protocol.StagingProperties, problem string, err error) {
	if f.Environment == nil {
		return p, "environment => Missing key", nil
	}
	text, err := orderedJSON(f.Environment)
	if err != nil {
		return p, "", fmt.Errorf("environment: %w", err)
	}
	p, err = protocol.ParseStagingProperties(text)
	if wrong, ok := errors.AsType[*protocol.SchemaError](err); ok {
		return p, "environment => " + wrong.Problem, nil
	}
	if err != nil {
		err = fmt.Errorf("environment: %w", err)
	}
	return p, "", err
}

func missing(key string, value *string) string {
	if value == nil || *value == "" {
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
	body, err := parseYAML(path)
	if err != nil {
		return Platform{}, fmt.Errorf("%s: %w", path, err)
	}
	var p Platform
	if err := decode(body, &p); err != nil {
		return Platform{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// parseYAML reads a file with one YAML document; the answer is nil when there is nothing in it.
func parseYAML(path string) (ast.Node, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("larger than %d bytes", maxConfig)
	}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	switch len(parsed.Docs) {
	case 0:
		return nil, nil
	case 1:
		return parsed.Docs[0].Body, nil
	}
	return nil, fmt.Errorf("%d YAML documents, want one", len(parsed.Docs))
}

// decode is yaml.Unmarshal for a document that is already parsed; nothing is decoded of none.
func decode(body ast.Node, into any, opts ...yaml.DecodeOption) error {
	if body == nil {
		return nil
	}
	ast.Walk(versionsAsWritten{}, body)
	return yaml.NodeToValue(body, into, opts...)
}
