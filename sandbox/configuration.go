package sandbox

import (
	"log/slog"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/controller"
	"github.com/minicf/minicf/dea"
	"github.com/minicf/minicf/healthmanager"
	"github.com/minicf/minicf/router"
	"github.com/minicf/minicf/stager"
)

// ConfigValue is one value that is in force, and where it came from.
type ConfigValue struct {
	Component string `json:"component"`
	Key       string `json:"key"`
	Value     string `json:"-"`     // as a file has it; secrets are masked
	Data      any    `json:"value"` // the same as a number, a list or whatever it is; spans of time are seconds
	Origin    string `json:"origin"`
}

// Configuration reads the configuration of the components that Settings choose, without building any of them.
func Configuration(s Settings) ([]ConfigValue, error) {
	wanted, err := s.wanted()
	if err != nil {
		return nil, err
	}
	var all []ConfigValue
	for _, r := range table() {
		if !wanted[r.name] {
			continue
		}
		values, err := r.values(s.options(r.name))
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			all = append(all, ConfigValue{r.name, v.Key, v.Masked(), v.Data(), v.Origin.String()})
		}
	}
	return all, nil
}

// options are where the configuration of a component is looked for.
func (s Settings) options(component string) config.Options {
	return config.Options{Path: s.Files[component], Dir: s.Dir, Lookup: s.Lookup, Overrides: s.Overrides[component]}
}

// values reads the configuration of a component of type T.
func values[T any](component string) func(config.Options) ([]config.Value, error) {
	return func(o config.Options) ([]config.Value, error) {
		_, all, err := config.Load[T](component, o)
		return all, err
	}
}

// load reads a component's configuration and makes its logger.
func load[T any](k *kit, component string, logging func(T) config.Logging) (T, *slog.Logger, error) {
	cfg, all, err := config.Load[T](component, k.options(component))
	if err != nil {
		return cfg, nil, err
	}
	k.loaded = all
	log, err := k.NewLog(component, logging(cfg))
	if err != nil {
		return cfg, nil, err
	}
	k.warnOfStrays(component, log)
	return cfg, log, nil
}

// warnOfStrays tells of variables that look like settings of the component and are none.
func (k *kit) warnOfStrays(component string, log *slog.Logger) {
	keys := make([]string, len(k.loaded))
	for i, v := range k.loaded {
		keys[i] = v.Key
	}
	for _, stray := range config.Strays(component, keys, k.Environ) {
		log.Warn("variable sets nothing", "name", stray.Name, "did_you_mean", stray.Meant)
	}
}

// find returns the value of a key.
func find(all []config.Value, key string) config.Value {
	for _, v := range all {
		if v.Key == key {
			return v
		}
	}
	return config.Value{}
}

// table is the order of start, and backwards the order of stop: everybody needs the bus, apps are stopped before the controller that
// could serve their droplets and after the health manager that would miss them, and the stager finishes its tasks while all others are
// still there.
func table() []row {
	return []row{
		{"nats", buildNATS, values[NATSConfig]("nats")},
		{"controller", buildController, values[controller.Config]("controller")},
		{"router", buildRouter, values[router.Config]("router")},
		{"dea", buildDEA, values[dea.Config]("dea")},
		{"healthmanager", buildHealthManager, values[healthmanager.Config]("healthmanager")},
		{"stager", buildStager, values[stager.Config]("stager")},
	}
}
