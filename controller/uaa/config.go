package uaa

import (
	"fmt"

	"github.com/minicf/minicf/config"
)

// Config is what users.yml says; Default has the values of the shipped file.
type Config struct {
	Users   []User   `yaml:"users"`
	Clients []Client `yaml:"clients"`
}

// User is a person who may log in.
type User struct {
	Name     string `yaml:"name"`
	Password string `yaml:"password"`
}

// Client is a program that may log in.
type Client struct {
	ID     string `yaml:"id"`
	Secret string `yaml:"secret"`
}

// defaultPassword is the one that everybody knows.
const defaultPassword = "admin"

// Default returns the configuration of config/users.yml.
func Default() Config {
	return Config{Users: []User{{Name: "admin", Password: defaultPassword}}, Clients: []Client{}}
}

// Validate names the first key whose value cannot be used.
func (c Config) Validate() error {
	seen := map[string]bool{}
	for i, u := range c.Users {
		key := fmt.Sprintf("users[%d]", i)
		switch {
		case u.Name == "":
			return config.Invalid(key+".name", "want a name")
		case u.Password == "":
			return config.Invalid(key+".password", "want a password")
		case seen[u.Name]:
			return config.Invalid(key+".name", "%s is there twice", u.Name)
		}
		seen[u.Name] = true
	}
	for i, p := range c.Clients {
		key := fmt.Sprintf("clients[%d]", i)
		switch {
		case p.ID == "":
			return config.Invalid(key+".id", "want an id")
		case p.ID == cliClient:
			return config.Invalid(key+".id", "%s is the cf command's own", cliClient)
		case p.Secret == "":
			return config.Invalid(key+".secret", "want a secret")
		case seen[p.ID]:
			return config.Invalid(key+".id", "%s is there twice", p.ID)
		}
		seen[p.ID] = true
	}
	return nil
}

// WellKnown returns the name of somebody whose password everybody knows; "" when there is none.
func (c Config) WellKnown() string {
	for _, u := range c.Users {
		if u.Password == defaultPassword {
			return u.Name
		}
	}
	for _, p := range c.Clients {
		if p.Secret == defaultPassword {
			return p.ID
		}
	}
	return ""
}
