package controller

import (
	"net/url"
	"path/filepath"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/protocol"
)

// Config is what controller.yml says; Default has the values of the shipped file.
type Config struct {
	Host    string         `yaml:"host"` // the address to listen on
	Port    int            `yaml:"port"` // 0 is any free port
	MBus    string         `yaml:"mbus"` // for the command that runs the controller
	PID     string         `yaml:"pid"`  // "" is none
	Logging config.Logging `yaml:"logging"`

	Directories Directories `yaml:"directories"`
	MaxUpload   config.Size `yaml:"max_upload"` // of one package or droplet
	SampleApp   string      `yaml:"sample_app"` // directory served for an id without a package; "" is the tutorial's app
	Staging     Staging     `yaml:"staging"`
	BulkAPI     BulkAPI     `yaml:"bulk_api"`

	CCPartition string `yaml:"cc_partition"` // of several cloud controllers on one bus
	Placement   string `yaml:"placement"`    // PlaceByDiscover or PlaceByAdvertise

	LocalRoute string        `yaml:"local_route"` // the address to advertise is the one that leads there
	Status     config.Status `yaml:"status"`      // of /varz and /healthz; port bus.NoStatusPort is none at all
	Index      *int          `yaml:"index"`       // of several controllers
}

// Directories are where bits are kept.
type Directories struct {
	Packages string `yaml:"packages"`
	Droplets string `yaml:"droplets"`
	// Resources is an index of the files in packages, and Tokens the key that the tokens of the CF API are signed with.
	Resources string `yaml:"resources"`
	Tokens    string `yaml:"tokens"`
}

// unpacked is where packages are unpacked for a look at them. It is emptied at each start.
func (d Directories) unpacked() string { return filepath.Join(d.Packages, "unpacked") }

// Staging is about the routes of the real cloud controller.
type Staging struct {
	Auth Auth `yaml:"auth"`
}

// BulkAPI is about the routes for the health manager.
type BulkAPI struct {
	Auth Auth `yaml:"auth"` // without a password one is made up at each start; the bus tells it
}

// Auth is what somebody has to say to be let in.
type Auth struct {
	User     string `yaml:"user"`
	Password string `yaml:"password"`
}

// Default returns the configuration of config/controller.yml.
func Default() Config {
	return Config{
		Host: "127.0.0.1", Port: 9292, MBus: "nats://127.0.0.1:4222", PID: "controller/controller.pid",
		Logging: config.Logging{Level: "info"},
		Directories: Directories{
			Packages: "controller/packages", Droplets: "controller/droplets", Resources: "controller/resources", Tokens: "controller/tokens",
		},
		MaxUpload:   512 << 20,
		Staging:     Staging{Auth: Auth{User: "stager", Password: "stager"}},
		BulkAPI:     BulkAPI{Auth: Auth{User: "bulk_api"}},
		CCPartition: protocol.DefaultPartition, Placement: PlaceByDiscover,
		LocalRoute: "127.0.0.1",
	}
}

// Validate names the first key whose value cannot be used.
func (c Config) Validate() error {
	if c.Host == "" {
		return config.Invalid("host", "want an address to listen on, such as 127.0.0.1")
	}
	if err := config.Port("port", c.Port); err != nil {
		return err
	}
	if err := c.Logging.Validate(); err != nil {
		return err
	}
	if c.MaxUpload <= 0 {
		return config.Invalid("max_upload", "want more than 0 bytes")
	}
	if c.Directories.Packages == "" || c.Directories.Droplets == "" || c.Directories.Packages == c.Directories.Droplets {
		return config.Invalid("directories", "want two different directories, packages and droplets")
	}
	if c.Directories.Resources == "" || c.Directories.Tokens == "" {
		return config.Invalid("directories", "want directories for resources and tokens, too")
	}
	if err := c.Staging.Auth.validate(); err != nil {
		return err
	}
	if err := c.validateApps(); err != nil {
		return err
	}
	if c.Status.Port == bus.NoStatusPort {
		return nil
	}
	return c.Status.Validate()
}

// validateApps checks what is about apps that have a record.
func (c Config) validateApps() error {
	if c.BulkAPI.Auth.User == "" {
		return config.Invalid("bulk_api.auth.user", "want a name")
	}
	if _, err := protocol.HMRequests(c.CCPartition); err != nil {
		return config.Invalid("cc_partition", "want one word without dots, such as %s", protocol.DefaultPartition)
	}
	if c.Placement != PlaceByDiscover && c.Placement != PlaceByAdvertise {
		return config.Invalid("placement", "want %s or %s, not %q", PlaceByDiscover, PlaceByAdvertise, c.Placement)
	}
	return nil
}

// validate wants what can stand in a URI as it is: the stager of 2012 gave it to curl without decoding it.
func (a Auth) validate() error {
	const want = "want letters and digits, or what else can stand in a URI as it is"
	if a.User == "" || url.User(a.User).String() != a.User {
		return config.Invalid("staging.auth.user", want)
	}
	if a.Password == "" || url.User(a.Password).String() != a.Password {
		return config.Invalid("staging.auth.password", want)
	}
	return nil
}

// Resolve returns a copy whose relative paths went through path.
func (c Config) Resolve(path func(string) string) Config {
	c.PID, c.Logging.File, c.SampleApp = path(c.PID), path(c.Logging.File), path(c.SampleApp)
	c.Directories.Packages, c.Directories.Droplets = path(c.Directories.Packages), path(c.Directories.Droplets)
	c.Directories.Resources, c.Directories.Tokens = path(c.Directories.Resources), path(c.Directories.Tokens)
	return c
}
