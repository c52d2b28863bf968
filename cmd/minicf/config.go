package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/sandbox"
)

const configAbout = `Print the values that are in force and where each came from: a flag, the environment (MINICF_ROUTER_PORT=8000), a file, or the
default that is shipped. Passwords are shown as ***.`

func (s *session) configCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "config [COMPONENT]", Short: "Show the configuration in force, and where each value came from", Long: configAbout, Args: atMostOne,
		Example: "  minicf config\n  MINICF_ROUTER_PORT=8000 minicf config router",
	}
	s.jsonFlag(c)
	c.Flags().StringVarP(&file, "config", "c", "", "configuration file, with a COMPONENT")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if file != "" && len(args) == 0 {
			return usageError("-c FILE is about one component: say which, as in `minicf config stager -c %s`", file)
		}
		home, err := s.home()
		if err != nil {
			return err
		}
		settings := sandbox.Settings{DataDir: home, Dir: s.dir, Lookup: s.lookup, Only: args}
		if file != "" {
			settings.Files = map[string]string{args[0]: s.path(file)}
		}
		all, err := sandbox.Configuration(settings)
		if err != nil {
			return badConfig(err)
		}
		if s.json {
			return s.printJSON(map[string]any{"data_dir": home, "values": all})
		}
		return s.printConfig(home, all)
	}
	return c
}

func (s *session) printConfig(home string, all []sandbox.ConfigValue) error {
	fmt.Fprintf(s.out, "data dir: %s\n", home)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	component := ""
	for _, v := range all {
		if v.Component != component {
			component = v.Component
			fmt.Fprintf(w, "\n%s\t\t\n", component)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", v.Key, v.Value, v.Origin)
	}
	return w.Flush()
}
