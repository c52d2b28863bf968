package tomcat

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
)

// Insight was a monitor for applications in Tomcat, with an agent in each. An application asked for it by binding a service of
// such a name, a RabbitMQ.
var (
	insightName  = regexp.MustCompile(`(?m)^Insight-`)
	insightLabel = regexp.MustCompile(`(?m)^rabbitmq-*`)
)

// insightFile configures the agent. The dashboard, which shows what the agents told, has one of its own and gets no agent.
const insightFile = "insight/insight.properties"

// addInsight installs the agent (insight_agent in config/platform.yml), if the app asks for it. Without an agent the app is
// staged without, which the log says.
func addInsight(ctx context.Context, w *plugin.Workspace) error {
	if !bindsInsight(w) || w.Has(path.Join(java.WebApp, insightFile)) {
		return nil
	}
	if _, err := os.Stat(w.Platform.InsightAgent); err != nil { // also when there is none
		w.Log.Warn("Insight disabled because the platform has no agent (insight_agent).")
		return nil
	}
	if err := w.UnpackIn(ctx, w.Platform.InsightAgent, "."); err != nil {
		return fmt.Errorf("agent of Insight: %w", err)
	}
	if err := installAgent(ctx, w); err != nil {
		return err
	}
	return nameInInsight(w)
}

func bindsInsight(w *plugin.Workspace) bool {
	for _, service := range w.App.Services {
		name, _ := service["name"].(string)
		label, _ := service["label"].(string)
		if insightName.MatchString(name) && insightLabel.MatchString(label) {
			return true
		}
	}
	return false
}

// installAgent runs the agent's own installer.
func installAgent(ctx context.Context, w *plugin.Workspace) error {
	dirs, err := w.Glob("cf-tomcat-agent-javaagent-*")
	if err != nil {
		return err
	}
	if len(dirs) == 0 {
		return fmt.Errorf("agent of Insight: %s holds no cf-tomcat-agent-javaagent-*", filepath.Base(w.Platform.InsightAgent))
	}
	c, err := w.Command(nil, "bash", "install.sh", filepath.Join(w.Dest, "tomcat"))
	if err != nil {
		return err
	}
	if w.Run == nil {
		return fmt.Errorf("agent of Insight: %w", plugin.ErrNoTools)
	}
	c.Dir = filepath.Join(w.Dest, dirs[0])
	out, err := w.Run(ctx, c)
	if err != nil && ctx.Err() == nil {
		return &plugin.StagingError{Message: fmt.Sprintf("Could not install agent: %s (%v)", strings.TrimSpace(string(out)), err)}
	}
	return err
}

// nameInInsight writes the app's name where the dashboard will look for it.
func nameInInsight(w *plugin.Workspace) error {
	file := path.Join("tomcat", insightFile)
	text, err := w.Read(file)
	if err != nil || text == nil {
		return err
	}
	name := w.App.Name
	if name == "" {
		name = "ROOT"
	}
	return w.Write(file, []byte(strings.ReplaceAll(string(text), "appname", name)), fileMode)
}
