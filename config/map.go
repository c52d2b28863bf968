package config

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Map returns a component's configuration as plain maps and lists under the keys of its YAML file, as /varz shows it.
func Map(v any) (map[string]any, error) {
	text, err := yaml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("show the configuration: %w", err)
	}
	m := map[string]any{}
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("show the configuration: %w", err)
	}
	return m, nil
}
