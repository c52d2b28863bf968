package runtimes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Table is `runtimes:` of dea.yml: the names that the DEA serves. The value is the executable that serves the name, a
// path or a name to look up with [Find]; it is empty when the file only lists the name, and then the executable of the
// message is taken, as in 2012.
type Table map[string]string

// UnmarshalYAML reads the original's list of names, or a map of name and executable; a name without a value is served by
// what [Default] finds for it.
func (t *Table) UnmarshalYAML(unmarshal func(any) error) error {
	var names []string
	if err := unmarshal(&names); err == nil {
		*t = make(Table, len(names))
		for _, n := range names {
			(*t)[n] = ""
		}
		return nil
	}
	var mapped map[string]*string
	if err := unmarshal(&mapped); err != nil {
		return errors.New("want a list of names of runtimes, or a map of name and executable")
	}
	*t = make(Table, len(mapped))
	for name, executable := range mapped {
		if executable != nil && *executable != "" {
			(*t)[name] = *executable
			continue
		}
		own, ok := Default()[name]
		if !ok {
			return fmt.Errorf("%s needs an executable: it is none of the known runtimes (%v)", name, Default().Names())
		}
		(*t)[name] = own
	}
	return nil
}

// Names lists the runtimes in the table, sorted.
func (t Table) Names() []string { return slices.Sorted(maps.Keys(t)) }

// Default maps every runtime of 2012, and ruby, python3 and erlang, to the program of its family that [Find] finds. A
// family without one is mapped to the name of its usual program, so that the DEA can say what it misses.
func Default() Table {
	t := Table{}
	for _, f := range Families() {
		for _, name := range f.Runtimes {
			path, ok := Find(f.candidates(name)...)
			if !ok {
				path = f.Executables[0]
			}
			t[name] = path
		}
	}
	return t
}
