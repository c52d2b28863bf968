package main

import (
	"github.com/spf13/cobra"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/sandbox"
)

// listenFlag gives a command that runs a controller --listen.
func listenFlag(c *cobra.Command, listen *string) {
	c.Flags().StringVar(listen, "listen", "", "address that the controller serves at (default: host in controller.yml, loopback); any other wants passwords of your own in users.yml")
}

// withListen adds what --listen says.
func withListen(settings *sandbox.Settings, listen string) {
	if listen == "" {
		return
	}
	if settings.Overrides == nil {
		settings.Overrides = map[string][]config.Override{}
	}
	all := settings.Overrides
	all["controller"] = append(all["controller"], config.Override{Key: "host", Value: listen, Flag: "--listen"})
}
