"""What the names in settings and files are called in print, in English (also in the figures) and in Persian: the one place for all."""

from paliflow.report.markdown import NO_BREAK_SPACE, Markdown

METHODS = {"qlora": "QLoRA", "lora": "LoRA", "dora": "DoRA", "full": "full fine-tuning"}

COUPLINGS = {
    "independent": "independent",
    "optimal_transport": "optimal transport",
    "pooled_transport": "pooled transport",
    "entropic_transport": "entropic transport",
}

SAMPLERS = {"ddpm": "DDPM", "ddim": "DDIM", "probability_flow": "probability flow", "euler": "Euler", "dopri5": "dopri5"}


def _pair(source: str, target: str) -> Markdown:
    return Markdown(f"{source.replace(' ', NO_BREAK_SPACE)}{NO_BREAK_SPACE}→ {target.replace(' ', NO_BREAK_SPACE)}")


NAMES = {
    **METHODS,
    "prior": "most frequent answer",
    "base": "before tuning",
    "main": "after tuning (QLoRA)",
    "gaussian_to_8gaussians": _pair("Gaussian", "8 Gaussians"),
    "gaussian_to_moons": _pair("Gaussian", "two moons"),
    "moons_to_8gaussians": _pair("two moons", "8 Gaussians"),
    "wide_moons_to_wide_8gaussians": _pair("wide moons", "wide 8 Gaussians"),
    "gaussian_to_scurve": _pair("Gaussian", "S-curve"),
    "gaussian_to_checkerboard": _pair("Gaussian", "checkerboard"),
    "gaussian_to_digits": _pair("Gaussian", "digits"),
    **COUPLINGS,
    **SAMPLERS,
    "training_images": "training images",
    "held_out_images": "held-out images",
    "lipman": "Lipman et al.",
    "variance_preserving": "variance preserving",
}

PERSIAN_NAMES = {
    "qlora": "QLoRA",
    "lora": "LoRA",
    "dora": "DoRA",
    "full": "تنظیم دقیق کامل",
    "prior": "پرتکرارترین پاسخ",
    "base": "پیش از تنظیم",
    "main": "پس از تنظیم (QLoRA)",
    "gaussian_to_8gaussians": _pair("گاوسی", "8 گاوسی"),
    "gaussian_to_moons": _pair("گاوسی", "دو هلال"),
    "moons_to_8gaussians": _pair("دو هلال", "8 گاوسی"),
    "wide_moons_to_wide_8gaussians": _pair("دو هلال گسترده", "8 گاوسی گسترده"),
    "gaussian_to_scurve": _pair("گاوسی", "منحنی S"),
    "gaussian_to_checkerboard": _pair("گاوسی", "صفحهٔ شطرنجی"),
    "gaussian_to_digits": _pair("گاوسی", "رقم‌ها"),
    "independent": "مستقل",
    "optimal_transport": "انتقال بهینه",
    "pooled_transport": "انتقال بهینهٔ تجمیعی",
    "entropic_transport": "انتقال بهینهٔ آنتروپیک",
    "ddpm": "DDPM",
    "ddim": "DDIM",
    "probability_flow": "جریان احتمال",
    "euler": "اویلر",
    "dopri5": "dopri5",
    "training_images": "تصویرهای آموزش",
    "held_out_images": "تصویرهای کنارگذاشته",
    "lipman": "Lipman et al.",
    "variance_preserving": "حافظ واریانس",
}
