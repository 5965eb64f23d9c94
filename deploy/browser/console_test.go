package browser

import (
	"context"
	"os"
	"testing"
)

// suite is what all tests share: the program, and one browser, where each test has a tab with cookies
// of its own. The machine may be small: tests run one after the other.
type suite struct {
	binary  string
	browser context.Context
}

// TestConsole is the console as people meet it.
func TestConsole(t *testing.T) {
	s := &suite{browser: startChromium(t), binary: buildProduct(t)}
	if err := os.RemoveAll(screenshotDir); err != nil { // pictures of an earlier run
		t.Fatal(err)
	}
	t.Run("the checks find faults", s.checksFindFaults)
	t.Run("the journey by mouse", s.journeyByMouse)
	t.Run("the journey by keyboard", s.journeyByKeyboard)
	t.Run("the journey without scripts", s.journeyWithoutScripts)
	t.Run("daily work by mouse", s.upkeepByMouse)
	t.Run("daily work by keyboard", s.upkeepByKeyboard)
	t.Run("every page", s.everyPage)
	t.Run("an empty installation", s.emptyInstallation)
	t.Run("a scan is told live", s.liveScan)
	t.Run("a scan shows what is lost", s.lossyScan)
	t.Run("a choice taken quickly", s.quickPick)
	t.Run("the report", s.report)
	t.Run("sales are decided", s.sales)
	t.Run("back and reload keep what was asked", s.backAndReload)
	t.Run("forms", s.forms)
	t.Run("two tabs change one coupon", s.twoTabs)
	t.Run("a slow network", s.slowNetwork)
	t.Run("a frontend follows sales live", s.liveFeed)
	t.Run("ten thousand coupons", s.manyCoupons)
	t.Run("pickers with ten thousand choices", s.manyPicks)
}
