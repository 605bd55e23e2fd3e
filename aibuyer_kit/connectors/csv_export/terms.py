"""What Ads Manager calls its columns in English and Ukrainian; case does not matter. The README names the sources."""

# Each term: the English header first, then the Ukrainian ones that are known or assumed.
IDENTITIES = {
    "campaign_id": ("Campaign ID", "Ідентифікаційний номер кампанії", "Ідентифікатор кампанії", "ID кампанії"),
    "campaign_name": ("Campaign name", "Назва кампанії"),
    "adset_id": (
        "Ad set ID",
        "Ідентифікаційний номер групи оголошень",
        "Ідентифікатор групи оголошень",
        "ID групи оголошень",
    ),
    "adset_name": ("Ad set name", "Назва групи оголошень"),
    "ad_id": ("Ad ID", "Ідентифікаційний номер оголошення", "Ідентифікатор оголошення", "ID оголошення"),
    "ad_name": ("Ad name", "Назва оголошення"),
}
ACCOUNT_ID = (
    "Account ID",
    "Ідентифікаційний код облікового запису",
    "Ідентифікатор облікового запису",
    "ID облікового запису",
)
ACCOUNT_NAME = ("Account name", "Назва облікового запису", "Ім’я облікового запису")
DAY = ("Day", "День")
STARTS = ("Reporting starts", "Початок звітності", "Дата початку звітності", "Дата початку звіту")
ENDS = (
    "Reporting ends",
    "Завершення звітності",
    "Кінець звітності",
    "Дата завершення звітності",
    "Дата завершення звіту",
)
# Followed by the currency in brackets.
SPENT = ("Amount spent", "Витрачена сума", "Сума витрат", "Потрачена сума")
COUNTS = {
    "impressions": ("Impressions", "Покази"),
    "clicks": ("Clicks (all)", "Кліки (усі)", "Кліки (всі)"),
    "link_clicks": ("Link clicks", "Кліки посилання", "Кліки за посиланням", "Кліки по посиланню"),
    "reach": ("Reach", "Охоплення"),
}
ACTIONS = {
    "purchase": ("Purchases", "Покупки"),
    "lead": ("Leads", "Ліди", "Потенційні клієнти"),
    "add_to_cart": ("Adds to cart", "Додавання в кошик", "Додавання до кошика"),
    "initiate_checkout": ("Checkouts initiated", "Початки оформлення замовлення"),
    "add_payment_info": ("Adds of payment info", "Додавання платіжних даних"),
    "add_to_wishlist": ("Adds to wishlist", "Додавання до списку бажань"),
    "complete_registration": ("Registrations completed", "Завершені реєстрації"),
    "view_content": ("Content views", "Перегляди контенту"),
    "search": ("Searches", "Пошуки"),
    "landing_page_view": ("Landing page views", "Перегляди цільової сторінки"),
    "offsite_conversion.fb_pixel_purchase": ("Website purchases", "Покупки на сайті"),
    "offsite_conversion.fb_pixel_lead": ("Website leads", "Ліди на сайті"),
    "offsite_conversion.fb_pixel_add_to_cart": ("Website adds to cart", "Додавання в кошик на сайті"),
}
# How many results there were, and of which kind in this row: "actions:purchase".
RESULTS = {
    "count": ("Results", "Результати"),
    "indicator": ("Result indicator", "Індикатор результату", "Індикатор результатів", "Показник результату"),
}
ACTION_VALUES = {
    action_type: (f"{english} conversion value", *(f"Цінність конверсії: {name}" for name in ukrainian))
    for action_type, (english, *ukrainian) in ACTIONS.items()
}
ACTION_VALUES["purchase"] += ("Цінність конверсії покупок", "Цінність конверсій покупок")
BREAKDOWNS = {
    "age": ("Age", "Вік"),
    "gender": ("Gender", "Стать"),
    "country": ("Country", "Країна"),
    "region": ("Region", "Регіон"),
    "publisher_platform": ("Platform", "Платформа"),
    "platform_position": ("Placement", "Плейсмент", "Місце розміщення"),
    "device_platform": ("Device platform", "Платформа пристрою"),
    "impression_device": ("Impression device", "Пристрій показу"),
}
# Column, what it divides by what, and the factor where the cell holds no percent sign.
RATIOS = (
    (("CTR (all)", "CTR (усі)", "CTR (всі)"), "clicks", "impressions", 100),
    (
        ("CTR (link click-through rate)", "CTR (рейтинг кліків за посиланням)", "CTR (рейтинг кліків посилання)"),
        "link_clicks",
        "impressions",
        100,
    ),
    (("CPC (all)", "CPC (усі)", "CPC (всі)"), "spend", "clicks", 1),
    (
        ("CPC (cost per link click)", "CPC (ціна за клік за посиланням)", "CPC (ціна за клік посилання)"),
        "spend",
        "link_clicks",
        1,
    ),
    (
        ("CPM (cost per 1,000 impressions)", "CPM (ціна за 1000 показів)", "CPM (ціна за 1 000 показів)"),
        "spend",
        "impressions",
        1000,
    ),
    (("Frequency", "Частота"), "impressions", "reach", 1),
)
