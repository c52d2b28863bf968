package router

import (
	"net/url"
	"time"

	"github.com/minicf/minicf/config"
)

// Config is what router.yml says. Its keys are those of router 0.98 and, for the intervals and the access log, gorouter;
// Default has the values of the shipped file.
type Config struct {
	Inet    string         `yaml:"inet"` // the address to listen on
	Port    int            `yaml:"port"` // 0 is any free port
	MBus    string         `yaml:"mbus"` // for the command that runs the router
	PID     string         `yaml:"pid"`  // "" is none
	Logging config.Logging `yaml:"logging"`

	PublishStartMessageInterval config.Duration `yaml:"publish_start_message_interval"`
	PruneStaleDropletsInterval  config.Duration `yaml:"prune_stale_droplets_interval"`
	DropletStaleThreshold       config.Duration `yaml:"droplet_stale_threshold"` // longer than the interval of start messages

	AccessLog   string `yaml:"access_log"`   // a line for each request is appended here; "" is none
	TraceKey    string `yaml:"trace_key"`    // "" traces nothing
	Redirect404 string `yaml:"404_redirect"` // where requests for unknown hosts are sent; "" answers them with a page
	LocalRoute  string `yaml:"local_route"`  // the address to advertise is the one that leads there
	Index       *int   `yaml:"index"`        // of several routers

	EnableNonprodApps bool            `yaml:"enable_nonprod_apps"` // whether router.active_apps is sent
	FlushAppsInterval config.Duration `yaml:"flush_apps_interval"` // how often

	Status Status `yaml:"status"`
}

// Status is where /varz, /healthz and /routes are, who may see them and how much they show.
type Status struct {
	Port          int    `yaml:"port"` // 0 is any free port, bus.NoStatusPort is no such server
	User          string `yaml:"user"` // made up at each start when empty, as is the password
	Password      string `yaml:"password"`
	ExposeAllApps bool   `yaml:"expose_all_apps"` // whether /varz tells the request rate of every URI, not of ten
}

// Default returns the configuration of config/router.yml.
func Default() Config {
	return Config{
		Inet:                        "127.0.0.1",
		Port:                        8080,
		MBus:                        "nats://127.0.0.1:4222",
		PID:                         "router/router.pid",
		Logging:                     config.Logging{Level: "info"},
		PublishStartMessageInterval: config.Duration(30 * time.Second),
		PruneStaleDropletsInterval:  config.Duration(30 * time.Second),
		DropletStaleThreshold:       config.Duration(120 * time.Second),
		AccessLog:                   "router/access.log",
		TraceKey:                    "22",
		FlushAppsInterval:           config.Duration(30 * time.Second),
		LocalRoute:                  "127.0.0.1",
	}
}

// Validate names the first key whose value cannot be used.
func (c Config) Validate() error {
	if c.Inet == "" {
		return config.Invalid("inet", "want an address to listen on, such as 127.0.0.1")
	}
	if err := config.Port("port", c.Port); err != nil {
		return err
	}
	if err := c.Logging.Validate(); err != nil {
		return err
	}
	if err := c.validateIntervals(); err != nil {
		return err
	}
	if err := c.validateRedirect(); err != nil {
		return err
	}
	return config.Status{Port: c.Status.Port, User: c.Status.User, Password: c.Status.Password}.Validate()
}

func (c Config) validateIntervals() error {
	if c.PublishStartMessageInterval <= 0 {
		return config.Invalid("publish_start_message_interval", "want more than 0 seconds")
	}
	if c.PruneStaleDropletsInterval <= 0 {
		return config.Invalid("prune_stale_droplets_interval", "want more than 0 seconds")
	}
	if c.DropletStaleThreshold <= c.PublishStartMessageInterval {
		return config.Invalid("droplet_stale_threshold", "want more than publish_start_message_interval (%s), or routes are forgotten before anybody is asked for them, not %s",
			c.PublishStartMessageInterval, c.DropletStaleThreshold)
	}
	if c.FlushAppsInterval <= 0 {
		return config.Invalid("flush_apps_interval", "want more than 0 seconds")
	}
	return nil
}

func (c Config) validateRedirect() error {
	if c.Redirect404 == "" {
		return nil
	}
	u, err := url.Parse(c.Redirect404)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return config.Invalid("404_redirect", "want a URL such as http://127.0.0.1:9292/, not %q", c.Redirect404)
	}
	return nil
}

// Resolve returns a copy whose paths went through path, which leaves empty and absolute ones alone.
func (c Config) Resolve(path func(string) string) Config {
	c.PID, c.Logging.File, c.AccessLog = path(c.PID), path(c.Logging.File), path(c.AccessLog)
	return c
}
