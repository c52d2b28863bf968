package sandbox

import (
	"log/slog"

	"github.com/minicf/minicf/bus"
)

// bus connects the component that is being built: to the embedded server without a socket, or to a URL. key is the one of its
// configuration that has it, configured its value.
func (k *kit) bus(name, key, configured string, log *slog.Logger) *bus.Bus {
	o := bus.Options{Name: name, Log: log, Server: k.server, URL: configured}
	switch {
	case k.BusURL != "":
		o.URL = k.BusURL
	case k.server == nil && !k.asked(name, key):
		o.URL = k.neighbour(configured, log)
	}
	return bus.New(o)
}

// neighbour is the bus that another process runs on the data dir, if one does: whoever names a data dir means the sandbox on it,
// whatever its port.
func (k *kit) neighbour(otherwise string, log *slog.Logger) string {
	all, err := Find(k.DataDir)
	if err != nil {
		log.Warn("the bus of the data dir is not known", "error", err)
	}
	for _, r := range all {
		if r.Component == "nats" && r.URL != "" {
			return r.URL
		}
	}
	return otherwise
}
