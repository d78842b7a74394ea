package lang_test

import (
	"testing"

	"example.com/wsdoctor/probes/lang"
)

func TestOfLocale(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"":                   "en",
		"C":                  "en",
		"C.UTF-8":            "en",
		"en_US.UTF-8":        "en",
		"de_DE.UTF-8":        "en",
		"zh_CN.UTF-8":        "zh",
		"zh_CN.utf8":         "zh",
		"zh_TW.UTF-8":        "zh",
		"zh_SG.UTF-8@pinyin": "zh",
		"zh.utf8":            "zh",
		"zh_CN.GBK":          "en",
		"zh_CN.GB18030":      "en",
		"zh_CN":              "en",
		"zha_CN.UTF-8":       "en",
	} {
		if got := lang.OfLocale(locale); got != want {
			t.Errorf("%q: got %s, expected %s", locale, got, want)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"en": "en", "zh": "zh", "ZH": "zh", "zh-CN": "zh", "zh_CN.UTF-8": "zh", "en-GB": "en", "": "", "de": "", "chinese": ""} {
		l, ok := lang.Lookup(tag)
		if ok != (want != "") || l.Tag != want {
			t.Errorf("%q: got %q (%v), expected %q", tag, l.Tag, ok, want)
		}
	}
}

func TestTranslateOfEnglishIsNil(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "", "de"} {
		if lang.Translate(tag) != nil {
			t.Errorf("%q: got a translation, expected none: formats are English as they stand", tag)
		}
	}
}

func TestUntranslatedStaysEnglish(t *testing.T) {
	t.Parallel()
	const made = "a format that nobody says: %d"
	if got := lang.Translate("zh")(made); got != made {
		t.Errorf("got %q, expected it as it was", got)
	}
}
