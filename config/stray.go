package config

import (
	"slices"
	"strings"
)

// Stray is a variable of the environment that looks like a setting and sets nothing.
type Stray struct {
	Name  string // MINICF_ROUTER_PROT
	Meant string // the variable that was probably meant, MINICF_ROUTER_PORT; empty when nothing is near
}

// String says so.
func (s Stray) String() string {
	text := s.Name + " sets nothing"
	if s.Meant != "" {
		text += ": did you mean " + s.Meant + "?"
	}
	return text
}

// Strays returns the variables that look like settings of a component and set none of its keys, sorted. keys are all of the
// component's, as in [Value]; environ is the environment, as os.Environ has it.
func Strays(component string, keys, environ []string) []Stray {
	var near []string // as in a file whose keys are not nested
	for _, key := range keys {
		near = append(near, strings.ToLower(envName(key)))
	}
	var strays []Stray
	prefix := variable(component, "")
	for _, name := range variables(prefix, environ) {
		key := strings.ToLower(strings.TrimPrefix(name, prefix))
		if slices.Contains(near, key) {
			continue
		}
		stray := Stray{Name: name}
		if meant := suggest(key, near, keys); meant != "" {
			stray.Meant = variable(component, meant)
		}
		strays = append(strays, stray)
	}
	return strays
}

// variables returns the names that begin with a prefix and are set to something, sorted. An empty one counts as not set.
func variables(prefix string, environ []string) []string {
	var names []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, prefix) && value != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
