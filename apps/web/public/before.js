// Before anything is drawn: the article that the page was built with is not what an address like #/train asks for.
const root = document.documentElement;
root.classList.toggle("elsewhere", /^#\/(?!article)./.test(location.hash));
// It is read all the same where the app does not load.
addEventListener("error", () => root.classList.remove("elsewhere"), true);
