package deacases

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/minicf/minicf/conform/component"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// environmentChecks look at what the model app found in its environment.
func environmentChecks() []check {
	is := func(name, section string, level suite.Level, about string, run func(context.Context, *Kit, *fixture) error) check {
		return check{
			Case: suite.Case{Name: "env/" + name, Source: "running " + section, Level: level, About: about},
			Run: func(ctx context.Context, k *Kit) error {
				f, err := k.theModel(ctx)
				if err != nil {
					return err
				}
				return run(ctx, k, f)
			},
		}
	}
	return []check{
		is("port", "§3.6", suite.Core, "VCAP_APP_PORT is the port that was registered", func(_ context.Context, _ *Kit, f *fixture) error {
			return sameEnv(f.Env, map[string]string{"VCAP_APP_PORT": wire.Show(f.route["port"])})
		}),
		is("host", "§3.6", suite.Required, "VCAP_APP_HOST is the host that was registered", func(_ context.Context, _ *Kit, f *fixture) error {
			return sameEnv(f.Env, map[string]string{"VCAP_APP_HOST": f.route.Text("host")})
		}),
		is("vcap-application", "§3.6", suite.Required, "VCAP_APPLICATION describes the instance", envApplication),
		is("vcap-application-limits", "§3.6", suite.Required, "the limits in VCAP_APPLICATION are in bytes", envApplicationLimits),
		is("vcap-services", "§3.6", suite.Required, "VCAP_SERVICES has the services by label, each with the keys that it has", envServices),
		is("unused-ports", "§3.6", suite.Required, "VCAP_DEBUG_* and VCAP_CONSOLE_* are there, and empty when unused", func(_ context.Context, _ *Kit, f *fixture) error {
			return sameEnv(f.Env, map[string]string{"VCAP_DEBUG_IP": "", "VCAP_DEBUG_PORT": "", "VCAP_CONSOLE_IP": "", "VCAP_CONSOLE_PORT": ""})
		}),
		is("of-the-user", "§3.6", suite.Core, "the user's variables are exported", func(_ context.Context, _ *Kit, f *fixture) error {
			return sameEnv(f.Env, map[string]string{"FOO": "bar", "SP": "a b c", "EMPTY": "", "EQUALS": "a=b"})
		}),
		is("expansion", "§3.6", suite.Required, "$NAME in a user's variable is expanded, but not in single quotes, which are taken off", func(_ context.Context, _ *Kit, f *fixture) error {
			return sameEnv(f.Env, map[string]string{"DOLLAR": f.Env["HOME"], "SQ": "single $HOME"})
		}),
		is("of-the-runtime", "§3.6, §2.3", suite.Required, "the environment of runtime_info is exported", func(_ context.Context, _ *Kit, f *fixture) error {
			return sameEnv(f.Env, map[string]string{"CONFORM_RUNTIME": "of the runtime"})
		}),
		is("nothing-else", "§3.6", suite.Required, "nothing of the DEA's own environment is there", envNothingElse),
		is("path", "§10 (fix 21)", suite.Required, "PATH is exported", envPath),
		is("vmc", "§3.6", suite.Optional, "the variables of the first year, VMC_*, are there", envVMC),
		is("vmc-services", "§3.6", suite.Optional, "VMC_SERVICES is a list, and VMC_<VENDOR> an address", envVMCServices),
	}
}

// sameEnv wants variables to have values.
func sameEnv(env, want map[string]string) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, has := env[name]
		switch {
		case !has:
			wrong = append(wrong, name+" is not exported")
		case got != want[name]:
			wrong = append(wrong, fmt.Sprintf("%s=%q, want %q", name, got, want[name]))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &suite.Mismatch{Why: strings.Join(wrong, "; "), Expected: wire.Show(want), Seen: wire.Show(env)}
}

// parsedEnv reads a variable that holds JSON.
func parsedEnv(f *fixture, name string) (wire.Object, error) {
	o, err := wire.Parse([]byte(f.Env[name]))
	if err != nil {
		return nil, &suite.Mismatch{Why: name + " is no JSON object: " + err.Error(), Expected: "JSON", Seen: f.Env[name]}
	}
	return o, nil
}

func envApplication(_ context.Context, k *Kit, f *fixture) error {
	o, err := parsedEnv(f, "VCAP_APPLICATION")
	if err != nil {
		return err
	}
	port, _ := f.route.Int("port")
	return wire.Shape{
		{Key: "instance_id", Kind: wire.Is(f.beat.Text("instance"))}, {Key: "instance_index", Kind: wire.Is(0)}, {Key: "name", Kind: wire.Is("model")},
		{Key: "uris", Kind: wire.Is(f.message["uris"])}, {Key: "users", Kind: wire.Is(f.message["users"])}, {Key: "version", Kind: wire.Is(modelVersion)},
		{Key: "start", Kind: component.RubyTime()}, {Key: "runtime", Kind: wire.Is(k.Runtime())}, {Key: "state_timestamp", Kind: wire.Int()},
		{Key: "port", Kind: wire.Is(port)}, {Key: "host", Kind: wire.Is(f.route.Text("host"))},
	}.Check("VCAP_APPLICATION", o)
}

func envApplicationLimits(_ context.Context, _ *Kit, f *fixture) error {
	o, err := parsedEnv(f, "VCAP_APPLICATION")
	if err != nil {
		return err
	}
	return wire.Shape{
		{Key: "mem", Kind: wire.Is(appMemory << 20)}, {Key: "disk", Kind: wire.Is(modelDisk << 20)}, {Key: "fds", Kind: wire.Is(modelFDs)},
	}.Check("limits in VCAP_APPLICATION", o.Object("limits"))
}

func envServices(_ context.Context, _ *Kit, f *fixture) error {
	o, err := parsedEnv(f, "VCAP_SERVICES")
	if err != nil {
		return err
	}
	want := map[string][]wire.Object{}
	for _, s := range modelServices() {
		kept := wire.Object{}
		for _, key := range []string{"name", "label", "plan", "tags", "plan_option", "credentials"} {
			if s[key] != nil {
				kept[key] = s[key]
			}
		}
		want[s.Text("label")] = append(want[s.Text("label")], kept)
	}
	if !wire.Same(o, want) {
		return &suite.Mismatch{Why: "VCAP_SERVICES differs", Expected: wire.Show(want), Seen: o.String()}
	}
	return nil
}

func envNothingElse(_ context.Context, _ *Kit, f *fixture) error {
	ours := []string{"HOME", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "RUBYLIB", "CONFORM_RUNTIME"}
	env, _ := f.message["env"].([]string)
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		ours = append(ours, name)
	}
	var foreign []string
	for _, name := range slices.Sorted(maps.Keys(f.Env)) {
		if !slices.Contains(ours, name) && !strings.HasPrefix(name, "VCAP_") && !strings.HasPrefix(name, "VMC_") {
			foreign = append(foreign, name)
		}
	}
	if len(foreign) > 0 {
		return &suite.Mismatch{Why: "the app sees variables that nobody gave it", Expected: "HOME, VCAP_*, VMC_* and what the message has", Seen: strings.Join(foreign, ", ")}
	}
	return nil
}

func envPath(_ context.Context, _ *Kit, f *fixture) error {
	if _, has := f.Env["PATH"]; !has {
		return &suite.Known{What: "PATH is not exported, so that programs which the app runs have none"}
	}
	return nil
}

func envVMC(_ context.Context, _ *Kit, f *fixture) error {
	port, _ := f.route.Int("port")
	if _, err := parsedEnv(f, "VMC_APP_INSTANCE"); err != nil {
		return err
	}
	return sameEnv(f.Env, map[string]string{
		"VMC_WARNING_WARNING": "All VMC_* environment variables are deprecated, please use VCAP_* versions.",
		"VMC_APP_NAME":        "model", "VMC_APP_ID": f.beat.Text("instance"), "VMC_APP_VERSION": modelVersion,
		"VMC_APP_HOST": f.route.Text("host"), "VMC_APP_PORT": strconv.FormatInt(port, 10),
	})
}

func envVMCServices(_ context.Context, _ *Kit, f *fixture) error {
	o, err := wire.Parse([]byte(`{"all":` + f.Env["VMC_SERVICES"] + `}`))
	if err != nil {
		return &suite.Mismatch{Why: "VMC_SERVICES is no JSON", Expected: "a list", Seen: f.Env["VMC_SERVICES"]}
	}
	var want []wire.Object
	for _, s := range modelServices() {
		want = append(want, wire.Object{
			"name": s["name"], "type": s["type"], "vendor": s["vendor"], "version": s["version"], "tier": s["plan"], "options": s["credentials"],
		})
	}
	if !wire.Same(o["all"], want) {
		return &suite.Mismatch{Why: "VMC_SERVICES differs", Expected: wire.Show(want), Seen: f.Env["VMC_SERVICES"]}
	}
	return sameEnv(f.Env, map[string]string{"VMC_MYSQL": "10.0.0.5:3306", "VMC_REDIS": "10.0.0.6:6379"})
}
