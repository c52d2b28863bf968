package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Options says where Load looks besides the built-in file. The zero value looks nowhere else.
type Options struct {
	// Path is the file given with -c. It must exist.
	Path string
	// Dir is where minicf runs. Without a Path, config/<component>.yml is read there when Dir is a project, that is, has a
	// Procfile or a minicf.yml.
	Dir string
	// Lookup looks a variable of the environment up, as os.LookupEnv does. MINICF_DEA_INTERVALS_HEARTBEAT sets
	// intervals.heartbeat of the dea; an empty value counts as not set. CLOUD_FOUNDRY_CONFIG_PATH is the directory that
	// the components of 2012 found their files in; it comes after Path and before Dir.
	Lookup func(name string) (string, bool)
	// Overrides are the flags that were given.
	Overrides []Override
}

// Override is a flag that sets a key.
type Override struct {
	Key   string // dotted: intervals.heartbeat
	Value string // as in the environment
	Flag  string // its name, for people: --router-port
}

// Load returns the configuration of a component, and each of its values with where it came from, in the order of the struct.
//
// T is the component's struct; its fields name their keys with `yaml` tags. When T has a method Validate() error, Load
// calls it last. Mistakes are of type *Error, except that a file cannot be read.
func Load[T any](component string, o Options) (T, []Value, error) {
	return load[T](component, File(component+".yml"), o)
}

// load is Load with the defaults given.
func load[T any](component string, defaults []byte, o Options) (T, []Value, error) {
	var cfg, none T
	l := &loader{component: component, root: reflect.ValueOf(&cfg).Elem(), from: map[string]origin{}}
	if err := l.load(defaults, o); err != nil {
		return none, nil, err
	}
	if err := l.validate(&cfg); err != nil {
		return none, nil, err
	}
	return cfg, l.values(), nil
}

// Parse reads a file that has no defaults, such as the input of `minicf stage`, as strictly as Load. source names the file in
// errors.
func Parse[T any](source string, data []byte) (T, error) {
	var cfg, none T
	l := &loader{root: reflect.ValueOf(&cfg).Elem(), from: map[string]origin{}}
	if err := l.document(newFile(source, data)); err != nil {
		return none, err
	}
	if err := l.validate(&cfg); err != nil {
		return none, err
	}
	return cfg, nil
}

// loader fills one struct from several sources, the weakest first.
type loader struct {
	component string
	root      reflect.Value
	from      map[string]origin // by key; what the built-in file says is not there
}

// origin is who set a key last.
type origin struct {
	doc   *document
	place place
}

func (l *loader) load(defaults []byte, o Options) error {
	if err := l.document(newFile("built-in "+l.component+".yml", defaults)); err != nil {
		return err
	}
	clear(l.from)
	file, err := l.find(o)
	if err != nil {
		return fmt.Errorf("configure %s: %w", l.component, err)
	}
	if file != nil {
		if err := l.document(file); err != nil {
			return err
		}
	}
	if err := l.environment(o); err != nil {
		return err
	}
	for _, f := range o.Overrides {
		if err := l.set(f.Key, f.Value, "flag "+f.Flag); err != nil {
			return err
		}
	}
	return nil
}

// document puts what a file says into the struct.
func (l *loader) document(doc *document) error {
	root, err := doc.root()
	if err != nil || root == nil {
		return err
	}
	return l.decoder(doc).record("", root, l.root)
}

func (l *loader) decoder(doc *document) *decoder {
	found := func(key string, p place) { l.from[key] = origin{doc, p} }
	return &decoder{doc: doc, found: found, all: l.keys()}
}

// keys returns all dotted keys of the struct.
func (l *loader) keys() []string {
	var keys []string
	walk("", l.root, func(key string, _ reflect.Value) { keys = append(keys, key) })
	return keys
}

// values returns all keys with what they are set to.
func (l *loader) values() []Value {
	var values []Value
	walk("", l.root, func(key string, v reflect.Value) {
		values = append(values, Value{Key: key, Value: textOf(v), Origin: l.originOf(key), data: publicValue(v)})
	})
	return values
}

func (l *loader) originOf(key string) Origin {
	from, ok := l.from[key]
	switch {
	case !ok:
		return Origin{"default"}
	case from.doc.isFile:
		return Origin{fmt.Sprintf("file %s:%d", from.doc.source, from.place.line)}
	}
	return Origin{from.doc.source}
}

// validate asks the configuration itself, if it can tell.
func (l *loader) validate(cfg any) error {
	if v, ok := cfg.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return l.invalid(err)
		}
	}
	return nil
}

// invalid gives what Validate found its place: the line or the variable that the value came from.
func (l *loader) invalid(err error) error {
	key := keyOf(err)
	for at := key; at != ""; at, _, _ = cutLast(at) {
		if from, ok := l.from[at]; ok {
			e := from.doc.errorAtPlace(from.place, err.Error(), "")
			e.cause = err
			return e
		}
	}
	source := "configuration"
	if l.component != "" {
		source += " of " + l.component
	}
	return &Error{Source: source, Msg: err.Error(), cause: err}
}

// cutLast splits a dotted key before its last name.
func cutLast(key string) (record, name string, found bool) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key, false
	}
	return key[:i], key[i+1:], true
}
