package sandbox

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
)

// bus connects the component that is being built: to the embedded server without a socket, or to a URL. key is the one of its
// configuration that has it, configured its value.
func (k *kit) bus(name, key, configured string, log *slog.Logger) *bus.Bus {
	return bus.New(k.busOptions(name, key, configured, log))
}

// keepingBus is the same for a component that keeps records. When the bus of the data dir is another process, it needs the directory where
// that keeps them.
func (k *kit) keepingBus(name, key, configured string, log *slog.Logger) (*bus.Bus, error) {
	o := k.busOptions(name, key, configured, log)
	nats, _, err := config.Load[NATSConfig]("nats", k.options("nats"))
	if err != nil {
		return nil, fmt.Errorf("where the bus keeps records: %w", err)
	}
	o.Records = k.path(nats.Records)
	return bus.New(o), nil
}

func (k *kit) busOptions(name, key, configured string, log *slog.Logger) bus.Options {
	o := bus.Options{Name: name, Log: log, Server: k.server, URL: configured}
	switch {
	case k.BusURL != "":
		o.URL = k.BusURL
	case k.server == nil && !k.asked(name, key):
		o.URL = k.neighbour(configured, log)
	}
	return o
}

// neighbour is the bus that another process runs on the data dir, if one does: whoever names a data dir means the sandbox on it,
// whatever its port.
func (k *kit) neighbour(otherwise string, log *slog.Logger) string {
	url, err := k.find("nats")
	if err != nil {
		log.Warn("the bus of the data dir is not known", "error", err)
	}
	return cmp.Or(url, otherwise)
}

// running is where a component of the data dir serves.
func (k *kit) running(component, otherwise string) string {
	url, _ := k.find(component) // what is not known is somewhere else
	return cmp.Or(url, otherwise)
}

// find is the URL of a component that runs on the data dir; empty when none does.
func (k *kit) find(component string) (string, error) {
	all, err := Find(k.DataDir)
	for _, r := range all {
		if r.Component == component {
			return r.URL, err
		}
	}
	return "", err
}
