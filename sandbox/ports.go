package sandbox

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/minicf/minicf/config"
)

// freePort is the port to listen on. When nobody asked for the usual port and it is taken, any other will do.
func (k *kit) freePort(component, host string, port int, log *slog.Logger) (int, error) {
	if port == 0 {
		return 0, nil
	}
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return port, l.Close()
	}
	if k.AnyPort && !k.asked(component, "port") {
		log.Warn("the usual port is taken, so a free one is used", "port", port)
		return 0, nil
	}
	return 0, &PortError{Addr: addr, Flag: portFlag(component, k.AnyPort), Err: err}
}

// portFlag is the flag with which another port is asked for.
func portFlag(component string, up bool) string {
	if up {
		return "--" + component + "-port"
	}
	return "--port"
}

// asked reports whether somebody asked for the value of a key of the component that is being built: a flag, the environment, a file
// named on the command line, or a file that was found and says something else than the shipped one.
func (k *kit) asked(component, key string) bool {
	v := find(k.loaded, key)
	if v.Origin.Source == "default" {
		return false
	}
	if !strings.HasPrefix(v.Origin.Source, "file ") || k.Files[component] != "" {
		return true
	}
	shipped, err := shippedValues(component)
	return err != nil || v.Value != find(shipped, key).Value
}

func shippedValues(component string) ([]config.Value, error) {
	for _, r := range table() {
		if r.name == component {
			return r.values(config.Options{})
		}
	}
	return nil, &UnknownComponentError{Name: component}
}

// PortError says that a port that was asked for is taken.
type PortError struct {
	Addr string
	Flag string // that chooses another
	Err  error
}

func (e *PortError) Error() string { return fmt.Sprintf("listen on %s: %v", e.Addr, e.Err) }

func (e *PortError) Unwrap() error { return e.Err }

// Hint says how to get another port.
func (e *PortError) Hint() string {
	return fmt.Sprintf("stop what listens there, or choose another port with %s (0 is any free one)", e.Flag)
}
