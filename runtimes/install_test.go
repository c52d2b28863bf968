package runtimes

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

// named returns families by their names.
func named(t *testing.T, names ...string) []Family {
	t.Helper()
	var chosen []Family
	for _, name := range names {
		all := Families()
		i := slices.IndexFunc(all, func(f Family) bool { return f.Name == name })
		if i < 0 {
			t.Fatalf("there is no family %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen
}

func TestInstallIsOneCommandOfTheMachinesPackageManager(t *testing.T) {
	t.Parallel()
	debian := Machine{GOOS: "linux", OSRelease: "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n", Root: true, Sudo: true}
	mint := Machine{GOOS: "linux", OSRelease: "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Sudo: true}
	fedora := Machine{GOOS: "linux", OSRelease: "ID=fedora\n", Sudo: true}
	alpine := Machine{GOOS: "linux", OSRelease: "ID='alpine'\n", Root: true}
	mac := Machine{GOOS: "darwin", Sudo: true}
	nixos := Machine{GOOS: "linux", OSRelease: "ID=nixos", Root: true}
	tests := map[string]struct {
		machine  Machine
		families []string
		want     string
		unknown  string
	}{
		"debian": {
			debian,
			[]string{"ruby"},
			"apt-get update && apt-get install -y --no-install-recommends ruby ruby-sinatra ruby-webrick $(apt-cache pkgnames ruby-rackup | grep -x ruby-rackup)", "",
		},
		"like ubuntu, not root": {
			mint,
			[]string{"node", "java"},
			"sudo -n apt-get update && sudo -n apt-get install -y --no-install-recommends nodejs default-jre-headless", "",
		},
		"fedora": {
			fedora,
			[]string{"python", "ruby"},
			"sudo -n dnf install -y python3 ruby && sudo -n gem install --no-document sinatra rackup webrick", "",
		},
		"alpine": {
			alpine,
			[]string{"ruby", "shell"},
			"apk add ruby bash procps && gem install --no-document sinatra rackup webrick", "",
		},
		"mac": {
			mac,
			[]string{"ruby"},
			`brew install ruby && "$(brew --prefix ruby)/bin/gem" install --no-document sinatra rackup webrick`, "",
		},
		"homebrew elsewhere":        {Machine{GOOS: "linux", OSRelease: "ID=nixos", Brew: true}, []string{"php"}, "brew install php", ""},
		"a family without package":  {alpine, []string{"php", "node"}, "apk add nodejs", "php"},
		"nothing but such a family": {alpine, []string{"php"}, "", "php"},
		"unknown package manager":   {nixos, []string{"ruby", "php"}, "", "ruby php"},
		"no os-release":             {Machine{GOOS: "linux", Root: true}, []string{"ruby"}, "", "ruby"},
		"nothing to install":        {debian, nil, "", ""},
	}
	for name, tt := range tests {
		got := tt.machine.Install(named(t, tt.families...)...)
		byHand := strings.ReplaceAll(tt.want, "sudo -n ", "sudo ")
		if got.Command != tt.want || got.ByHand != byHand || strings.Join(got.Unknown, " ") != tt.unknown {
			t.Errorf("%s: Install%q = %+v, want %q, by hand %q, unknown %q", name, tt.families, got, tt.want, byHand, tt.unknown)
		}
	}
}

func TestWithoutSudoOnlyAPersonCanInstall(t *testing.T) {
	t.Parallel()
	got := Machine{GOOS: "linux", OSRelease: "ID=debian"}.Install(named(t, "php")...)
	if want := "su -c 'apt-get update && apt-get install -y --no-install-recommends php-cli'"; got.Command != "" || got.ByHand != want {
		t.Errorf("Install = %+v, want nothing to run and, by hand, %s", got, want)
	}
}

func TestEveryInstallCommandIsOneAShellCanRead(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	for _, machine := range []Machine{
		{GOOS: "linux", OSRelease: "ID=debian", Sudo: true},
		{GOOS: "linux", OSRelease: "ID=fedora", Sudo: true},
		{GOOS: "darwin"},
		{GOOS: "linux", OSRelease: "ID=debian"},
		{GOOS: "linux", OSRelease: "ID=fedora"},
	} {
		for _, f := range Families() {
			i := machine.Install(f)
			if i.ByHand == "" {
				t.Errorf("%s has no package of %s", machine.Manager(), f.Name)
			}
			for _, command := range []string{i.Command, i.ByHand} {
				if out, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", command).CombinedOutput(); err != nil {
					t.Errorf("%q: %v: %s", command, err, out)
				}
			}
		}
	}
}

func TestThisMachineIsRecognised(t *testing.T) {
	t.Parallel()
	m := ThisMachine()
	if m.GOOS == "" || m.GOOS == "linux" && m.OSRelease == "" {
		t.Skipf("a machine without /etc/os-release: %+v", m)
	}
	if _, err := exec.LookPath("apt-get"); err == nil && m.Manager() != "apt" {
		t.Errorf("there is apt-get, but the package manager is %q", m.Manager())
	}
}
